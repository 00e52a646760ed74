import { invalid } from "../core/error.js";
import { emitter } from "../core/events.js";
import { callback, checkOptions, oneOf, ttl } from "../core/options.js";
import { isIsolated } from "../core/source.js";
import { tellTruth } from "../core/truth.js";
import type { BaseByteStore, StoreOptions } from "../types.js";
import { tieredStore } from "../wasm/bytestow_wasm.js";
import { anyStore, inWasm } from "./any.js";
import { ByteStore } from "./base.js";

/** What a failing remote store means to reads and listings: what is local is served alone, or they fail. */
export type RemoteErrorPolicy = "serve-local" | "throw";

/** Options of `TieredByteStore`. */
export interface TieredByteStoreOptions extends Omit<StoreOptions, "namespace"> {
  /** What is near: read first. A store of this package, or any object with LangChain's four methods. */
  local: BaseByteStore;
  /** What has the truth: asked for what is missing locally, written first. Likewise. */
  remote: BaseByteStore;
  /**
   * How long a local entry lives at most, in seconds; without it as long as the remote one, where that is known. Tiers
   * are for content that does not change under its key: set this where it does.
   */
  localTtl?: number | undefined;
  /** `"through"`: writes go to the remote store, then to the local one, and are done when both are. */
  write?: "through" | undefined;
  /** What a failing remote store means to reads and listings; `"serve-local"` unless given. */
  onRemoteError?: RemoteErrorPolicy | undefined;
  /**
   * Takes the promise of what need not be waited for: writing back what was read. Without it calls wait for that. In a
   * Worker: `(work) => ctx.waitUntil(work)`.
   */
  waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/**
 * A local store before a remote one: IndexedDB before Upstash, say. What is missing locally is read from remote in one
 * batch and written back, unless it was written or deleted meanwhile. Closing it closes neither tier.
 */
export class TieredByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "TieredByteStore";
  }

  /** @throws `invalid_argument` for a bad or unknown option, or without a `local` and a `remote`. */
  constructor(options: TieredByteStoreOptions) {
    const checked = checkOptions<TieredByteStoreOptions>("TieredByteStore", options, {
      local: anyStore,
      remote: anyStore,
      localTtl: ttl,
      write: oneOf("through"),
      onRemoteError: oneOf("serve-local", "throw"),
      waitUntil: callback,
      onEvent: callback,
    });
    const local = anyStore(checked.local, "local");
    const remote = anyStore(checked.remote, "remote");
    if (checked.local === checked.remote) throw invalid("local and remote must be two stores");
    const { localTtl, waitUntil, onEvent } = checked;
    const throws = checked.onRemoteError === "throw";
    const make = () =>
      tieredStore(inWasm(local), inWasm(remote), localTtl, throws, waitUntil, isIsolated(), emitter(onEvent));
    super(make, { onEvent });
    tellTruth(this, { store: remote, servesCopies: !throws });
  }
}
