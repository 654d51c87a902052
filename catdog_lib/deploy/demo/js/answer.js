// From the network's outputs to an answer in words: cat, dog, or "I don't know".

// The probability of each class, from logits that are divided by the temperature.
export function probabilities(logits, temperature) {
  const scaled = Array.from(logits, (logit) => logit / temperature);
  const largest = Math.max(...scaled);
  const powers = scaled.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

// No finite network is certain, so nothing is rounded up to 100%.
export function percent(share) {
  if (share > 0.999) return "more than 99.9%";
  return `${(100 * share).toFixed(1)}%`;
}

// facts: of model.json; nearest: of neighbours.js, the most similar first.
export function answer(logits, nearest, facts) {
  const shares = probabilities(logits, facts.temperature);
  const label = shares[1] > shares[0] ? 1 : 0;
  const similarity = nearest[facts.rank - 1].similarity;
  const known = similarity >= facts.threshold;
  const choice = `${facts.classes[label]}, with a probability of ${percent(shares[label])}`;
  const words = known
    ? `A ${choice}.`
    : "I don't know: this is unlike the images that I have learned from. " +
      `If it shows one of the two, then a ${choice}.`;
  return { label, known, similarity, probability: shares[label], words };
}
