/** Any store as one of this package: wherever a store is taken, an object with LangChain's four methods is. */

import { invalid, kindOf } from "../core/error.js";
import { wasmObjectOf } from "../core/handle.js";
import type { BaseByteStore } from "../types.js";
import type { Store as WasmStore } from "../wasm/bytestow_wasm.js";
import { ByteStore } from "./base.js";
import { WrappedByteStore } from "./wrapped.js";

/** The object in wasm of `store`. Only when there is an instance. */
export function inWasm(store: ByteStore): WasmStore {
  const found = wasmObjectOf<WasmStore>(store);
  if (found === undefined) throw invalid("it is no store of this copy of the package");
  return found;
}

/**
 * What was wrapped before is the same store again: handles on it share what they know. Weak on both sides: wasm holds what
 * is wrapped for as long as the wrapper lives, so that a wrapper held here would hold itself.
 */
const wrappers = new WeakMap<object, { deref(): ByteStore | undefined }>();

/** A reference that does not keep `store`, where the runtime has such references; they came with finalizers. */
function weak(store: ByteStore): { deref(): ByteStore | undefined } {
  return typeof WeakRef === "function" ? new WeakRef(store) : { deref: () => store };
}

/** A store of this copy of the package, or another one wrapped. `name` is the option's, for the error. */
export function anyStore(value: unknown, name: string): ByteStore {
  if (typeof value !== "object" || value === null) throw invalid(`${name} must be a store, not ${kindOf(value)}`);
  if (value instanceof ByteStore) return value;
  try {
    const known = wrappers.get(value)?.deref();
    if (known !== undefined) return known;
    const wrapper = new WrappedByteStore({ store: value as BaseByteStore });
    wrappers.set(value, weak(wrapper));
    return wrapper;
  } catch (error) {
    throw invalid(`${name}: ${(error as Error).message}`);
  }
}
