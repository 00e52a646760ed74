/** Which store has the truth, where another one answers from what is nearer. */

import type { BaseByteStore } from "../types.js";

/** Registered: the entries of the package are bundles of their own, and know each other's stores. */
const TRUTH = Symbol.for("bytestow.truth");

/** Says that `store` answers from copies, and that `truth` has under the same keys what is so. */
export function tellTruth(store: BaseByteStore, truth: BaseByteStore): void {
  Object.defineProperty(store, TRUTH, { value: truth });
}

/** Who is to be asked by those who must see what others have written: `store` itself, mostly. */
export function truthOf(store: BaseByteStore): BaseByteStore {
  const truth = (store as { [TRUTH]?: BaseByteStore })[TRUTH];
  return truth === undefined ? store : truthOf(truth);
}
