/**
 * The chunks of the page's texts in a `ByteStoreVectorStore`, on the store that keeps their vectors: the index is there
 * again after a reload, and what the cache has is not embedded for it.
 */
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { ByteStore } from "bytestow";
import { ByteStoreVectorStore, type VectorStoreFilter } from "bytestow/vectorstores";
import { nextTask } from "../breath.ts";
import { sha256 } from "../hash.ts";
import type { PageChunk } from "../panel.ts";
import { filesOf, indexOf } from "./names.ts";

/** A chunk that was found. */
export interface Found extends PageChunk {
  /** Its name in the index. */
  id: string;
  /** Cosine similarity, from -1 to 1. */
  score: number;
}

/** What filling came to. */
export interface Filled {
  /** Chunks of the open texts, all of which are in the index now. */
  chunks: number;
  /** Those that were not before. */
  added: number;
}

/** What the index is said to hold, under a key of its own: of each file a digest of its chunks. */
type Contents = Readonly<Record<string, string>>;

/** How many chunks the cache is asked for in one call: as often as that it is told how far the filling is. */
const AT_ONCE = 100;
/** What has less in common with a query than this, has nothing in common with it. */
const LEAST = 1e-6;

/** The index of one model. */
export class ChunkIndex {
  readonly #store: ByteStore;
  readonly #model: string;
  #vectors: ByteStoreVectorStore | undefined;
  #contents: Contents | undefined;
  /** What the filling under way has its vectors of. No embedder is held between two: its key may be forgotten. */
  #vectorsOf: (texts: string[]) => Promise<number[][]> = noVectors;

  constructor(store: ByteStore, model: string) {
    this.#store = store;
    this.#model = model;
  }

  /**
   * Puts into the index what it lacks of `chunks`, with vectors by `cached`, and tells how far it is. What is there already is not written again;
   * of a text that has changed, all is. Texts that are not open stay, for when they are again.
   */
  async fill(
    chunks: readonly PageChunk[],
    cached: Pick<EmbeddingsInterface<number[]>, "embedDocuments">,
    signal: AbortSignal,
    onProgress: (done: number, of: number) => void,
  ): Promise<Filled> {
    const contents = (await this.#read()) ?? (await this.#beginAnew());
    const vectors = this.#open();
    const texts = await lacking(contents, chunks);
    const of = texts.reduce((sum, text) => sum + text.chunks.length, 0);
    let added = 0;
    for (const { file, digest, chunks: wanted } of texts) {
      let done = added;
      const vectorsOf = async (all: string[]) => {
        const found: number[][] = [];
        // So few at once that it can be seen how far it is.
        for (let from = 0; from < all.length; from += AT_ONCE) {
          const some = all.slice(from, from + AT_ONCE);
          found.push(...(await cached.embedDocuments(some)));
          // What is in memory is there at once: without this nobody could press Stop.
          await nextTask();
          signal.throwIfAborted();
          done += some.length;
          onProgress(done, of);
          signal.throwIfAborted();
        }
        return found;
      };
      this.#vectorsOf = vectorsOf;
      try {
        // What an earlier text of this name has left.
        await vectors.delete({ filter: { file }, signal });
        const documents = wanted.map(({ at, text }) => ({ pageContent: text, metadata: { file, at } }));
        await vectors.addDocuments(documents, { ids: wanted.map((_, place) => idOf(file, place)), signal });
      } finally {
        // Another filling may have begun, when this one was broken off.
        if (this.#vectorsOf === vectorsOf) this.#vectorsOf = noVectors;
      }
      added += wanted.length;
      await this.#note(file, digest);
    }
    return { chunks: chunks.length, added };
  }

  /** The `k` chunks most like `query`, of these files. */
  async search(query: readonly number[], k: number, files: readonly string[]): Promise<Found[]> {
    const vectors = this.#open();
    // What the index has beside these files, if anything.
    const others = Object.keys(this.#contents ?? {}).some((file) => !files.includes(file));
    const filter: VectorStoreFilter | undefined = others ? { file: { $in: files } } : undefined;
    const found = await vectors.similaritySearchVectorWithScore([...query], k, filter, { scoreThreshold: LEAST });
    return found.map(([{ id = "", pageContent: text, metadata }, score]) => {
      const { file, at } = metadata as { file: string; at: number };
      return { id, file, at, text, score };
    });
  }

  /** Does what is otherwise done bit by bit behind writes, so that what the index takes is what it will take. */
  async settle(): Promise<void> {
    await this.#vectors?.compact();
  }

  /** Lets go of the index, which stays where it is. */
  async close(): Promise<void> {
    const opened = this.#vectors;
    this.#vectors = undefined;
    await opened?.close();
  }

  /** Deletes the index: the next filling makes it anew. */
  async forget(): Promise<void> {
    await this.close();
    await this.#store.mdelete([filesOf(this.#model)]);
  }

  #open(): ByteStoreVectorStore {
    const [store, model] = [this.#store, this.#model];
    // What another tab has added is to be found at once.
    this.#vectors ??= new ByteStoreVectorStore(
      // Of a question the vector is given.
      { embedQuery: noVectors, embedDocuments: (texts) => this.#vectorsOf(texts) },
      { store, model, name: indexOf(model), refresh: 0 },
    );
    return this.#vectors;
  }

  async #read(): Promise<Contents | undefined> {
    const [bytes] = await this.#store.mget([filesOf(this.#model)]);
    this.#contents = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Contents);
    return this.#contents;
  }

  async #write(contents: Contents): Promise<void> {
    await this.#store.mset([[filesOf(this.#model), new TextEncoder().encode(JSON.stringify(contents))]]);
    this.#contents = contents;
  }

  /** Without a list of its files an index is not to be relied on: parts of it may have been deleted. */
  async #beginAnew(): Promise<Contents> {
    await this.close();
    const old: string[] = [];
    for await (const key of this.#store.yieldKeys(`${indexOf(this.#model)}/`)) old.push(key);
    await this.#store.mdelete(old);
    await this.#write({});
    return {};
  }

  /** Another tab may have noted other files meanwhile. */
  async #note(file: string, digest: string): Promise<void> {
    await this.#write({ ...(await this.#read()), [file]: digest });
  }
}

/** A text that the index has not, or has in another form. */
interface Lacking {
  file: string;
  digest: string;
  chunks: PageChunk[];
}

async function lacking(contents: Contents, chunks: readonly PageChunk[]): Promise<Lacking[]> {
  const texts = new Map<string, PageChunk[]>();
  for (const chunk of chunks) {
    const text = texts.get(chunk.file);
    if (text) text.push(chunk);
    else texts.set(chunk.file, [chunk]);
  }
  const found: Lacking[] = [];
  for (const [file, ofFile] of texts) {
    const digest = await digestOf(ofFile);
    if (!Object.hasOwn(contents, file) || contents[file] !== digest) {
      found.push({ file, digest, chunks: ofFile });
    }
  }
  return found;
}

/** SHA-256 over all chunks of a text, in hexadecimal. */
function digestOf(chunks: readonly PageChunk[]): Promise<string> {
  return sha256(JSON.stringify(chunks.map(({ at, text }) => [at, text])));
}

function noVectors(): Promise<never> {
  return Promise.reject(new Error("the index asks for vectors while nothing fills it"));
}

/** No two chunks have the same, also where two texts have one name. */
function idOf(file: string, number: number): string {
  return `${file}#${number}`;
}
