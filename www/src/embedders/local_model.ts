/** A small language model in the page, by Transformers.js, which is loaded when this embedder is first asked. */
import { PageError } from "../errors.ts";
import type { Asking, PageEmbedder } from "./model.ts";

/** The model: 384 numbers, of English sentences. */
export const LOCAL_MODEL = "Xenova/all-MiniLM-L6-v2";

/** Texts that are computed in one piece; the page waits meanwhile. */
const AT_ONCE = 2;

/** Turns texts into vectors, each of length 1. */
export type Extract = (texts: string[]) => Promise<Float32Array[]>;

/** The embedder. */
export class LocalModelEmbedder implements PageEmbedder {
  readonly label = "Transformers.js";
  readonly model = `${LOCAL_MODEL} q8 mean`;
  readonly dimensions = undefined;
  readonly concurrency = 1;
  #loading: Promise<Extract> | undefined;

  async embedQuery(text: string, asking?: Asking): Promise<Float32Array> {
    const [vector] = await this.embedDocuments([text], asking);
    return vector ?? new Float32Array(0);
  }

  async embedDocuments(texts: readonly string[], { signal }: Asking = {}): Promise<Float32Array[]> {
    const extract = await this.#load();
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += AT_ONCE) {
      signal?.throwIfAborted();
      vectors.push(...(await extract(texts.slice(at, at + AT_ONCE))));
    }
    return vectors;
  }

  async #load(): Promise<Extract> {
    this.#loading ??= import("./transformers.ts").then(({ load }) => load(LOCAL_MODEL));
    try {
      return await this.#loading;
    } catch (error) {
      // The next run tries again.
      this.#loading = undefined;
      const reason = error instanceof Error ? error.message.slice(0, 200) : String(error);
      throw new PageError(
        `The model “${LOCAL_MODEL}” could not be loaded: ${reason}`,
        "It comes from huggingface.co, once, some 25 MB. See that you are online and that nothing blocks that site, then " +
          "run again; or choose local hashing, which needs no network.",
        "model_missing",
      );
    }
  }
}
