/** Documents as the index has them: bytes, which are read. */

import { BytestowError, shown } from "../../core/error.js";

/** What the bytes of a document say. */
export interface Stored {
  pageContent: string;
  // biome-ignore lint/suspicious/noExplicitAny: LangChain's own type of metadata
  metadata: Record<string, any>;
  id: string;
}

/** How many bytes are read in one go: some tenths of a millisecond. */
const AT_ONCE = 1 << 16;

let decoder: TextDecoder | undefined;

/** Reads the bytes of a document. `what` names it, for the error. */
export function parsed(bytes: Uint8Array, what: () => string): Stored {
  let value: unknown;
  try {
    value = JSON.parse(decoded(bytes));
  } catch (cause) {
    throw new BytestowError("corrupt", `${what()} cannot be read`, { cause });
  }
  return storedOf(value, what);
}

/** The name of the document that the index calls `id`. */
export const named = (id: string) => () => `the document ${shown(id)}`;

/**
 * Documents that lie side by side, with a comma between each two, read one after the other. Small ones are decoded and
 * parsed together, as one array: each by itself takes several times as long.
 */
export class SideBySide {
  readonly #bytes: Uint8Array;
  readonly #lengths: readonly number[];
  /** The number of the next one, and where it begins. */
  #next = 0;
  #begin = 0;
  /** What was parsed ahead. */
  #ahead: unknown[] = [];
  #taken = 0;

  /** `lengths`: how many bytes each has. */
  constructor(bytes: Uint8Array, lengths: readonly number[]) {
    this.#bytes = bytes;
    this.#lengths = lengths;
  }

  /** The next one, which the index calls `id`. */
  next(id: string): Stored {
    if (this.#taken === this.#ahead.length) this.#parse();
    if (this.#taken < this.#ahead.length) return storedOf(this.#ahead[this.#taken++], named(id));
    // One by one, so that the error is of the one that is damaged.
    const end = this.#begin + (this.#lengths[this.#next++] ?? 0);
    const bytes = this.#bytes.subarray(this.#begin, end);
    this.#begin = end + 1;
    return parsed(bytes, named(id));
  }

  /** Parses the next ones together, if they can be. */
  #parse(): void {
    let [next, end] = [this.#next, this.#begin];
    while (next < this.#lengths.length && end + (this.#lengths[next] as number) - this.#begin <= AT_ONCE)
      end += (this.#lengths[next++] as number) + 1;
    if (next - this.#next < 2) return;
    try {
      const all = JSON.parse(`[${decoded(this.#bytes.subarray(this.#begin, end - 1))}]`) as unknown[];
      if (all.length !== next - this.#next) return;
      [this.#ahead, this.#taken, this.#next, this.#begin] = [all, 0, next, end];
    } catch {
      // One of them is damaged: which one is seen when each is read by itself.
    }
  }
}

function decoded(bytes: Uint8Array): string {
  decoder ??= new TextDecoder("utf-8", { fatal: true });
  return decoder.decode(bytes);
}

function storedOf(value: unknown, what: () => string): Stored {
  const [pageContent, metadata, id] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof pageContent === "string" && typeof metadata === "object" && metadata !== null)
    return { pageContent, metadata, id: typeof id === "string" ? id : "" };
  throw new BytestowError("corrupt", `${what()} is none of LangChain's`);
}
