/** Transformers.js itself, in a chunk of its own. Its runtime's wasm lies beside the page; the model does not. */
import { env, pipeline } from "@huggingface/transformers";
import type { Extract } from "./local_model.ts";

/** Loads `model` from the network, or from what the browser has kept of it. */
export async function load(model: string): Promise<Extract> {
  const { wasm } = env.backends.onnx;
  const runtime = (ending: string) => new URL(`onnx/ort-wasm-simd-threaded.${ending}`, document.baseURI).href;
  if (wasm) {
    wasm.wasmPaths = { mjs: runtime("mjs"), wasm: runtime("wasm") };
    // Threads need headers that not every static server sends.
    wasm.numThreads = 1;
  }
  // It would run the runtime's script from a blob, which this page's policy forbids.
  env.useWasmCache = false;
  env.allowLocalModels = false;
  const extract = await pipeline("feature-extraction", model, { dtype: "q8", device: "wasm" });
  return async (texts) => {
    const output = await extract(texts, { pooling: "mean", normalize: true });
    const [rows = 0, dimensions = 0] = output.dims;
    const numbers = output.data as Float32Array;
    return Array.from({ length: rows }, (_, row) => numbers.slice(row * dimensions, (row + 1) * dimensions));
  };
}
