// From a file to the pixels that the network takes, on the path that training photos took in
// Python (catdog_lib/data/decode.py): decode, reduce a large JPEG, turn it upright, make it square.

import { takeOrientation } from "./exif.js";
import { reduceRows, reduction } from "./reduce.js";
import { toSquare } from "./resize.js";
import { upright } from "./turn.js";

const MOST_BYTES = 50e6;
const MOST_PIXELS = 50e6;
const ROWS = 256; // read at a time; a multiple of every factor of `reduce.js`
// How files begin, and the type that the browser decodes them as, whatever their name says.
const KINDS = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/gif", /^GIF8[79]a/],
  ["image/bmp", /^BM/],
];

// Why a file cannot be used: one sentence for the reader.
export class PhotoError extends Error {}

// Returns { square: { width, height, values }, picture: an ImageBitmap to show }.
export async function readPhoto(file, size) {
  if (file.size > MOST_BYTES) {
    const [have, most] = [file.size, MOST_BYTES].map((bytes) => Math.round(bytes / 1e6));
    throw new PhotoError(`This file has ${have} MB; choose a photo of at most ${most} MB.`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  const type = KINDS.find(([, start]) => start.test(head))?.[0];
  if (!type) {
    throw new PhotoError("This file holds no photo; choose a JPEG, PNG, WebP, GIF or BMP file.");
  }
  const isJpeg = type === "image/jpeg";
  const asStored = { orientation: 1, parts: [bytes] };
  const { orientation, parts } = isJpeg ? takeOrientation(bytes) : asStored;
  const stored = await decode(parts, type, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const pixels = pixelsOf(stored, isJpeg ? reduction(stored.width, stored.height, size) : 1);
  stored.close();
  const square = toSquare(upright(pixels, orientation), size);
  return { square, picture: await decode([bytes], type, {}) };
}

async function decode(parts, type, options) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob(parts, { type }), options);
  } catch {
    throw new PhotoError("This photo is damaged, so it cannot be opened; choose another one.");
  }
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    bitmap.close();
    throw new PhotoError("This photo has more than 50 million pixels; choose a smaller one.");
  }
  return bitmap;
}

// Red, green and blue of a bitmap, `factor` times smaller, read strip by strip to save memory.
function pixelsOf(bitmap, factor) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, Math.min(ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const wide = Math.ceil(width / factor);
  const high = Math.ceil(height / factor);
  const values = new Uint8ClampedArray(3 * wide * high);
  for (let top = 0; top < height; top += ROWS) {
    const rows = Math.min(ROWS, height - top);
    context.clearRect(0, 0, width, rows);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data } = context.getImageData(0, 0, width, rows);
    values.set(reduceRows(data, width, rows, factor), (3 * wide * top) / factor);
  }
  return { width: wide, height: high, values };
}
