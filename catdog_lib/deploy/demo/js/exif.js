// How the camera was held: the orientation that EXIF notes in a JPEG, and the file without it.

const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const ORIENTATION = 0x0112;

// The segment of a JPEG that holds EXIF: { start, end } in bytes, or null.
function exifSegment(view) {
  let start = 2;
  while (start + 10 <= view.byteLength && view.getUint8(start) === 0xff) {
    const marker = view.getUint8(start + 1);
    if (marker === START_OF_SCAN) return null;
    const end = start + 2 + view.getUint16(start + 2);
    const isExif = view.getUint32(start + 4) === 0x45786966; // "Exif"
    if (marker === APP1 && isExif && end <= view.byteLength) return { start, end };
    start = end;
  }
  return null;
}

// 1 upright, 2 to 8 turned or mirrored, as EXIF counts; 1 where the note cannot be read.
function orientationIn(view, { start, end }) {
  const tiff = start + 10; // after the marker, the length and "Exif\0\0"
  const little = view.getUint16(tiff) === 0x4949;
  const entries = tiff + view.getUint32(tiff + 4, little);
  const count = view.getUint16(entries, little);
  for (let i = 0; i < count; i += 1) {
    const entry = entries + 2 + 12 * i;
    if (entry + 12 > end) return 1;
    if (view.getUint16(entry, little) === ORIENTATION) {
      const value = view.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? value : 1;
    }
  }
  return 1;
}

// Every browser turns a photo as EXIF says, but only after decoding. The squares of `reduce.js`
// are counted from the corner of the stored photo, so the page turns it itself.
export function takeOrientation(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const segment = exifSegment(view);
    if (!segment) return { orientation: 1, parts: [bytes] };
    const orientation = orientationIn(view, segment);
    return { orientation, parts: [bytes.subarray(0, segment.start), bytes.subarray(segment.end)] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a damaged note leads out of the file
    return { orientation: 1, parts: [bytes] };
  }
}
