/** Turns of a conversation as documents: what both kinds of memory keep, find again and forget. */

import type { DocumentInterface } from "@langchain/core/documents";
import { checkText } from "../../core/arguments.js";
import { BytestowError, invalid, kindOf } from "../../core/error.js";
import { ttl as checkTtl } from "../../core/options.js";
import type { MetadataFilter, VectorStoreFilter } from "../vectorstores/filters/types.js";

/**
 * What a turn's metadata says of it, in fields that nobody else has. Flat ones: some vector stores take no others.
 */
const MADE = "bytestowTurn";
const SESSION = "bytestowSession";

/** Which turns a memory is about. */
export interface TurnsOptions {
  /**
   * Whose turns these are. Given, it stands in the metadata (`bytestowSession`), and no other turns are found or deleted.
   */
  session?: string | undefined;
  /** How long a turn is remembered, in seconds (fractions allowed, above 0); for good unless given. */
  ttl?: number | undefined;
  /** The clock, in ms since 1970; `Date.now` unless given. For tests. */
  now?: (() => number) | undefined;
}

/** The checks of these options. */
export const turnsChecks = {
  session: checkSession,
  ttl: (value: unknown) => checkTtl(value),
  now: (value: unknown, name: string): unknown => {
    if (typeof value !== "function") throw invalid(`${name} must be a function, not ${kindOf(value)}`);
    return value;
  },
};

function checkSession(value: unknown, name: string): string {
  const text = checkText(value, name);
  if (text === "") throw invalid(`${name} must not be empty`);
  return text;
}

/** What a store must have for its turns to be deleted by what they are, as `ByteStoreVectorStore` has. */
interface DeletingStore {
  _vectorstoreType?(): string;
  delete?(params: { filter: MetadataFilter }): Promise<void>;
}

/** The turns of a memory. */
export class Turns {
  readonly #session: string | undefined;
  readonly #ttl: number;
  readonly #now: () => number;

  constructor({ session, ttl, now = Date.now }: TurnsOptions) {
    this.#session = session;
    this.#ttl = ttl === undefined ? Number.POSITIVE_INFINITY : ttl * 1_000;
    this.#now = now;
  }

  /**
   * A turn as a document: one line a value. Nothing of `metadata` is changed, or shared; a `createdAt` of its own stays.
   */
  document(lines: readonly [string, unknown][], metadata: object | undefined): DocumentInterface {
    const pageContent = lines.map(([name, value]) => `${name}: ${value}`).join("\n");
    const now = this.#now();
    const own = { [MADE]: now, ...(this.#session !== undefined && { [SESSION]: this.#session }) };
    return { pageContent, metadata: { createdAt: now, ...metadata, ...own } };
  }

  /** When what has just expired was made. */
  expired(): number {
    return this.#now() - this.#ttl;
  }

  /** Those that this memory may find, of the documents that a retriever has found. What has expired is from `expired`, or before. */
  remembered<D extends DocumentInterface>(documents: D[], expired: number): D[] {
    return documents.filter(({ metadata }) => {
      if (this.#session !== undefined && metadata[SESSION] !== this.#session) return false;
      return typeof metadata[MADE] !== "number" || metadata[MADE] > expired;
    });
  }

  /** `filter`, narrowed to what this memory may find. */
  narrowed(filter: VectorStoreFilter | undefined, expired: number): VectorStoreFilter | undefined {
    const session = this.#session === undefined ? [] : [{ [SESSION]: this.#session }];
    const live = Number.isFinite(expired) ? [{ $not: { [MADE]: { $lte: expired } } }] : [];
    const own: MetadataFilter[] = [...session, ...live];
    if (own.length === 0) return filter;
    if (typeof filter === "function") {
      return (document) => this.remembered([document], expired).length > 0 && filter(document);
    }
    return { $and: filter === undefined ? own : [filter, ...own] };
  }

  /** About what has expired, and never more: the same for a while, so that its filter's answers can be kept. */
  about(expired: number): number {
    const step = Math.max(1_000, this.#ttl / 256);
    return Number.isFinite(expired) ? Math.floor(expired / step) * step : expired;
  }

  /** Deletes this memory's turns from a store; those that have expired alone, if that is asked. */
  async forget(store: unknown, expiredAlone: boolean): Promise<void> {
    const target = store as DeletingStore | undefined;
    if (!filters(target) || typeof target.delete !== "function") {
      throw new BytestowError(
        "unsupported",
        "turns can only be forgotten in a ByteStoreVectorStore, which deletes by what metadata says",
      );
    }
    const [made, session] = [{ $exists: true, ...(expiredAlone && { $lte: this.expired() }) }, this.#session];
    if (expiredAlone && !Number.isFinite(this.#ttl)) return;
    await target.delete({ filter: { [MADE]: made, ...(session !== undefined && { [SESSION]: session }) } });
  }
}

/** Whether a store takes this package's filters. */
export function filters(store: unknown): store is DeletingStore {
  return (store as DeletingStore | undefined)?._vectorstoreType?.() === "bytestow";
}
