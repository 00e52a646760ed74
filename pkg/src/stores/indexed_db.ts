import { emitter } from "../core/events.js";
import { callback, checkOptions, namespace, nonEmptyText, oneOf, ttl, wholeNumber } from "../core/options.js";
import type { ExpiringStoreOptions, StoreUsage } from "../types.js";
import { indexedDbStore, WriteDurability } from "../wasm/bytestow_wasm.js";
import { ByteStore, destroyBackend, usageOfBackend } from "./base.js";

/** Options of `IndexedDBByteStore`. */
export interface IndexedDBByteStoreOptions extends ExpiringStoreOptions {
  /** The database's name, one for all stores that are to share it. */
  name: string;
  /** How much memory may hold what was read lately, in bytes: 8 MiB unless given, 0 for none. */
  memoryBytes?: number | undefined;
  /**
   * The most that keys (UTF-8) and values may take together, in bytes: beyond that the entries that were used least
   * recently go. Without it nothing ever does, and a full disk is `quota_exceeded`.
   */
  maxBytes?: number | undefined;
  /**
   * What to do with a database that will not open: reject (default), or delete it, whosever it is, and make it anew. For
   * caches. Never for want of time or of room.
   */
  recover?: "error" | "recreate" | undefined;
  /**
   * When a write counts as done: when handed to the operating system (`"relaxed"`, default), on the disk
   * (`"strict"`), or as the browser likes. What relaxed can lose in a power cut is the last writes, each whole.
   */
  durability?: "relaxed" | "strict" | "default" | undefined;
  /**
   * What to do where the database does not open at the first call (server rendering, a page that may not store, whatever
   * else keeps it from opening): reject (default), or go on in memory for as long as the page lives, which `onEvent` is
   * told (`"fallback"`).
   */
  fallback?: "error" | "memory" | undefined;
}

const durabilities = {
  relaxed: WriteDurability.Relaxed,
  strict: WriteDurability.Strict,
  default: WriteDurability.Default,
} as const;

/** As the segment log cuts them: what is not so, is packed a second time. */
const SEGMENT_BYTES = 56 * 1_024;

/** A page has nobody to tell of work that goes on behind the calls. */
const inTheBackground = () => undefined;

/**
 * A store in the browser's IndexedDB: it outlives the page and is shared by all tabs and workers of the origin. Nothing
 * is opened before the first call.
 */
export class IndexedDBByteStore extends ByteStore {
  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "IndexedDBByteStore";
  }

  /** @throws `invalid_argument` for a bad or unknown option, or without a `name`. */
  constructor(options: IndexedDBByteStoreOptions) {
    const checked = checkOptions<IndexedDBByteStoreOptions>("IndexedDBByteStore", options, {
      name: nonEmptyText,
      namespace,
      ttl,
      memoryBytes: wholeNumber(0),
      maxBytes: wholeNumber(1),
      recover: oneOf("error", "recreate"),
      durability: oneOf("relaxed", "strict", "default"),
      fallback: oneOf("error", "memory"),
      now: callback,
      onEvent: callback,
    });
    const name = nonEmptyText(checked.name, "name");
    const { now, onEvent } = checked;
    const make = () =>
      indexedDbStore(
        name,
        checked.namespace,
        checked.ttl,
        durabilities[checked.durability ?? "relaxed"],
        checked.maxBytes,
        checked.memoryBytes,
        checked.recover === "recreate",
        checked.fallback === "memory",
        inTheBackground,
        now,
        emitter(onEvent),
      );
    super(make, { onEvent }, SEGMENT_BYTES);
  }

  /**
   * What the database holds, every namespace of it.
   *
   * @throws `closed`, and what IndexedDB says.
   */
  usage(): Promise<StoreUsage> {
    return usageOfBackend(this);
  }

  /**
   * Asks the browser not to clear this origin's storage when room is short; says whether it agreed. Some ask the user.
   * Where there is nothing to ask (workers, pages without HTTPS) the answer is `false`. Never asked for without this call.
   */
  async requestPersistence(): Promise<boolean> {
    const storage: Partial<StorageManager> | undefined = globalThis.navigator?.storage;
    return (await storage?.persist?.()) ?? false;
  }

  /**
   * Deletes the database, with every namespace in it, and closes the store. Other stores on it find it empty.
   *
   * @throws `closed`; `unavailable` where there is no IndexedDB.
   */
  destroy(): Promise<void> {
    return destroyBackend(this);
  }
}
