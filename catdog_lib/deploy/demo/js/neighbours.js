// The training images whose features point in the most similar direction: by cosine, all compared.

// rows: Int8Array, one row of features for each training image, in units of its own.
// Returns { position, similarity } of the `count` nearest, the nearest first.
export function nearest(features, rows, count) {
  const size = features.length;
  const length = Math.hypot(...features) || 1;
  const found = [];
  for (let position = 0; position < rows.length / size; position += 1) {
    let product = 0;
    let squares = 0;
    for (let i = 0; i < size; i += 1) {
      const value = rows[position * size + i];
      product += features[i] * value;
      squares += value * value;
    }
    found.push({ position, similarity: product / (length * Math.sqrt(squares) || 1) });
  }
  return found.sort((a, b) => b.similarity - a.similarity).slice(0, count);
}
