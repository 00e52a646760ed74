import type { BaseByteStore } from "../../types.js";

/** What becomes of a call that a failing store fails: nothing, or all of it without the caller hearing so. */
export type FailureKind = "undone" | "unanswered";

/** A store whose calls are counted, and can be failed one by one. */
export class FailingStore implements BaseByteStore {
  /** How many calls were made, those of writing apart. */
  calls = 0;
  writes = 0;
  /** Bytes of keys and values that were written. */
  bytesWritten = 0;
  /** Which call is to fail, counted from 1; none unless said. Of `"unanswered"` writes alone are counted. */
  failing = 0;
  kind: FailureKind = "undone";
  /** How many writes may go through from here on; later ones are refused, and counted. */
  room = Number.POSITIVE_INFINITY;
  refused = 0;
  /** What the failing call is rejected with. */
  readonly reason = new Error("the kit lets this call fail");
  readonly #store: BaseByteStore;

  constructor(store: BaseByteStore) {
    this.#store = store;
  }

  /** Counts from 0 again. */
  forget(): void {
    this.calls = this.writes = this.bytesWritten = 0;
  }

  mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#call(false, () => this.#store.mget(keys));
  }

  mset(pairs: [string, Uint8Array][]): Promise<void> {
    for (const [key, value] of pairs) this.bytesWritten += key.length + value.length;
    return this.#call(true, () => this.#store.mset(pairs));
  }

  mdelete(keys: string[]): Promise<void> {
    return this.#call(true, () => this.#store.mdelete(keys));
  }

  async *yieldKeys(prefix?: string): AsyncGenerator<string> {
    await this.#call(false, async () => undefined);
    yield* this.#store.yieldKeys(prefix) as AsyncGenerator<string>;
  }

  async #call<T>(writes: boolean, work: () => Promise<T>): Promise<T> {
    this.calls++;
    if (writes) {
      if (this.room <= 0) {
        this.refused++;
        throw this.reason;
      }
      this.room--;
      this.writes++;
    }
    const fails = this.failing !== 0 && (this.kind === "undone" ? this.calls : this.writes) === this.failing;
    if (fails && this.kind === "undone") throw this.reason;
    const answer = await work();
    if (fails && writes) throw this.reason;
    return answer;
  }
}
