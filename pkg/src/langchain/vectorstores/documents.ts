/**
 * Documents between LangChain and the index, to which they are bytes: the JSON of `[pageContent, metadata, id]`. The id
 * stands there too, since whoever reads documents one after the other (a filter) is given nothing else.
 */

import { Document, type DocumentInterface } from "@langchain/core/documents";
import { checkText } from "../../core/arguments.js";
import { BytestowError, invalid, kindOf } from "../../core/error.js";
import { stillWanted } from "../../search/abort.js";
import { breath, due } from "../../search/breath.js";
import type { Stored } from "./stored.js";

/** The documents of a call: checked, and copied. */
export interface Batch {
  ids: string[];
  texts: string[];
  /** Each in bytes. */
  encoded: Uint8Array[];
}

/** What may stand where `addDocuments` and `addVectors` take options. */
export type AddOptions = string[] | { ids?: (string | undefined)[] | undefined; signal?: AbortSignal | undefined };

/** How many documents are copied before a call first waits, and how many bytes of them: some milliseconds. */
const AT_CALL = { documents: 500, bytes: 1 << 18 };

/** Checks the documents of a call and copies them: at once the first of them, what is beyond these in slices. */
export async function batchOf(documents: unknown, ids: unknown, signal?: AbortSignal): Promise<Batch> {
  if (!Array.isArray(documents)) throw invalid(`documents must be an array, not ${kindOf(documents)}`);
  const given = [...(documents as unknown[])];
  const wanted = idsOf(ids, given.length);
  const batch: Batch = { ids: [], texts: [], encoded: [] };
  const encoder = new TextEncoder();
  let bytes = 0;
  for (const [at, document] of given.entries()) {
    if ((at > AT_CALL.documents || bytes > AT_CALL.bytes) && due()) {
      await breath();
      stillWanted(signal);
    }
    const id = idOf(document, wanted?.[at], at);
    const { pageContent, metadata } = document as DocumentInterface;
    if (typeof pageContent !== "string") {
      throw invalid(`documents[${at}].pageContent must be a string, not ${kindOf(pageContent)}`);
    }
    const rest = `${jsonOf(metadata, `documents[${at}].metadata`)},${JSON.stringify(id)}`;
    const encoded = encoder.encode(`[${JSON.stringify(pageContent)},${rest}]`);
    bytes += encoded.length;
    batch.ids.push(id);
    batch.texts.push(pageContent);
    batch.encoded.push(encoded);
  }
  return batch;
}

/** The option of this name: as many as there are documents. */
function idsOf(given: unknown, count: number): unknown[] | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) throw invalid(`ids must be an array of strings, not ${kindOf(given)}`);
  if (given.length !== count) {
    throw invalid(`there are ${given.length} ids for ${count} documents: there must be one for each`);
  }
  return [...given];
}

/** The id of a document: of the option, else its own, else a new one. */
function idOf(document: unknown, wanted: unknown, at: number): string {
  if (typeof document !== "object" || document === null) {
    throw invalid(`documents[${at}] must be a document, not ${kindOf(document)}`);
  }
  const own = (document as DocumentInterface).id;
  const [id, name] = wanted == null ? [own, `documents[${at}].id`] : [wanted, `ids[${at}]`];
  return id === undefined || id === null ? uuid() : checkId(id, name);
}

/** Checks an id. */
export function checkId(id: unknown, name: string): string {
  const text = checkText(id, name);
  if (text === "") throw invalid(`${name} must not be empty`);
  return text;
}

/** Metadata in JSON, as far as JSON can hold it. */
function jsonOf(metadata: unknown, name: string): string {
  if (metadata === undefined || metadata === null) return "{}";
  if (typeof metadata !== "object" || Array.isArray(metadata)) {
    throw invalid(`${name} must be an object, not ${kindOf(metadata)}`);
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(metadata);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BytestowError("invalid_argument", `${name} cannot be kept as JSON: ${reason}`, { cause });
  }
  // A toJSON() of its own may have made anything of it.
  if (text?.startsWith("{")) return text;
  throw invalid(`${name} becomes something else than an object in JSON`);
}

/** A document as it is stored, the caller's own. `id` is what the index calls it. */
export function documentOf({ pageContent, metadata }: Stored, id: string): Document {
  return new Document({ pageContent, metadata, id });
}

/** A copy of a document, the caller's own. `id` is what the index calls it. */
export function copyOf({ pageContent, metadata }: Document, id: string): Document {
  return new Document({ pageContent, metadata: copied(metadata), id });
}

function copied<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copied) as T;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each)])) as T;
}

/** A random UUID. By hand: `crypto.randomUUID` is only there in secure contexts. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
