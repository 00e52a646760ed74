import { Random } from "../random.js";
import type { TestedModel } from "./harness.js";

/** What a text is embedded for. */
export type Kind = "document" | "query";

/** A call of the model. */
export interface ModelCall {
  readonly kind: Kind;
  readonly texts: readonly string[];
}

/** Changes what the model answers, or throws: documents have a list of vectors, a query has one. */
export type Spoil = (right: number[][] | number[], call: ModelCall, nth: number) => unknown;

/**
 * A model whose vectors depend on the text, the kind and its name alone, that counts what it is asked for, and that does
 * wrong when it is told to.
 */
export class KitModel implements TestedModel {
  /** All calls so far. */
  readonly calls: ModelCall[] = [];
  /** How many numbers a vector has. Not called `dimensions`: a cache may take that for what the model was asked for. */
  size: number;
  /** Whether the numbers need 64 bits; otherwise 32-bit floats hold them. */
  wide = false;
  /** Takes the place of the numbers that the text would give. */
  numbers: ((text: string) => number[]) | undefined;
  /** What is wrong with the next answers. */
  spoil: Spoil | undefined;
  /** The most calls that were under way at once. */
  mostAtOnce = 0;
  readonly #name: string;
  #atOnce = 0;
  #held: Promise<void> | undefined;
  readonly #releases: (() => void)[] = [];

  constructor(name: string, size = 8) {
    this.#name = name;
    this.size = size;
  }

  embedDocuments = (documents: string[]): Promise<number[][]> =>
    this.#answer("document", documents, () => documents.map((text) => this.vector(text))) as Promise<number[][]>;

  embedQuery = (document: string): Promise<number[]> =>
    this.#answer("query", [document], () => this.vector(document, "query")) as Promise<number[]>;

  /** What the model gives for a text when nothing is wrong. */
  vector(text: string, kind: Kind = "document"): number[] {
    if (this.numbers !== undefined) return this.numbers(text);
    const random = new Random(`${this.#name}/${kind}/${text}`);
    const number = () => (random.next() + random.next() / 2 ** 32 - 2 ** 31) / 2 ** 31;
    return Array.from({ length: this.size }, () => (this.wide ? number() : Math.fround(number())));
  }

  /** The vectors of documents. */
  vectors(texts: readonly string[]): number[][] {
    return texts.map((text) => this.vector(text));
  }

  /** The texts that were asked for, of a kind if one is named, as often as they were. */
  asked(kind?: Kind): string[] {
    return this.calls.filter((call) => kind === undefined || call.kind === kind).flatMap((call) => call.texts);
  }

  /** Forgets what it was asked for. */
  forget(): void {
    this.calls.length = 0;
    this.mostAtOnce = 0;
  }

  /** From now on no call is answered. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#releases.push(resolve);
    });
  }

  /** Further calls are answered; what was held stays held. */
  letThrough(): void {
    this.#held = undefined;
  }

  /** Answers what was held. */
  release(): void {
    for (const release of this.#releases.splice(0)) release();
    this.#held = undefined;
  }

  async #answer(kind: Kind, texts: readonly string[], right: () => number[][] | number[]): Promise<unknown> {
    const call: ModelCall = { kind, texts: Object.freeze([...texts]) };
    const nth = this.calls.push(call);
    const { spoil } = this;
    this.#atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      await this.#held;
      return spoil === undefined ? right() : await spoil(right(), call, nth);
    } finally {
      this.#atOnce--;
    }
  }
}
