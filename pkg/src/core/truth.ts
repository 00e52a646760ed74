/** Which store has the truth, where another one answers from what is nearer. */

import type { BaseByteStore } from "../types.js";

/** Registered: the entries of the package are bundles of their own, and know each other's stores. */
const TRUTH = Symbol.for("bytestow.truth");

interface Truth {
  /** Who has it. */
  store: BaseByteStore;
  /** Whether copies are served while that one cannot be asked. */
  servesCopies: boolean;
}

/** Says that `store` answers from copies, and that `truth.store` has under the same keys what is so. */
export function tellTruth(store: BaseByteStore, truth: Truth): void {
  Object.defineProperty(store, TRUTH, { value: truth });
}

/** Who is to be asked by those who must see what others have written: `store` itself, mostly. */
export function truthOf(store: BaseByteStore): BaseByteStore {
  const truth = toldOf(store);
  return truth === undefined ? store : truthOf(truth.store);
}

/** Whether `store` serves copies while the one that has the truth cannot be asked. */
export function servesCopies(store: BaseByteStore): boolean {
  return toldOf(store)?.servesCopies === true;
}

function toldOf(store: BaseByteStore): Truth | undefined {
  return (store as { [TRUTH]?: Truth })[TRUTH];
}
