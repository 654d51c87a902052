// The network: an ONNX file, run by onnxruntime in WebAssembly on this computer.

import * as ort from "../vendor/ort.wasm.bundle.min.mjs";

// Returns a function: square pixels → the outputs by name, each { dims, data }.
export async function openNetwork(size) {
  // Several threads would need headers that a plain web server does not send.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = {
    wasm: new URL("../vendor/ort-wasm-simd-threaded.wasm", import.meta.url).href,
  };
  const session = await ort.InferenceSession.create("network.onnx", {
    executionProviders: ["wasm"],
  });
  return (square) =>
    session.run({ images: new ort.Tensor("float32", planes(square), [1, 3, size, size]) });
}

// Bytes in rows of pixels → numbers from 0 to 1, all of red first, then green, then blue.
export function planes({ width, height, values }) {
  const count = width * height;
  const ordered = new Float32Array(3 * count);
  for (let i = 0; i < values.length; i += 1) {
    ordered[(i % 3) * count + Math.floor(i / 3)] = values[i] / 255;
  }
  return ordered;
}
