import { check, fail, refused, same, sameBytes, show } from "../expect.js";
import type { CacheContext } from "./context.js";
import type { TestedCache } from "./harness.js";

/** Ends the rule unless `actual` is a plain array of just these numbers, -0 and 0 apart. */
export function sameVector(actual: unknown, expected: readonly number[], what: string): asserts actual is number[] {
  if (!Array.isArray(actual)) fail(`${what}: ${show(actual)} instead of an array of numbers`);
  same(actual.length, expected.length, `${what}, how many numbers`);
  for (const [at, number] of expected.entries()) same(actual[at], number, `${what}[${at}]`);
}

/** Ends the rule unless `actual` is a list of just these vectors. */
export function sameVectors(actual: unknown, expected: readonly (readonly number[])[], what: string): void {
  if (!Array.isArray(actual)) fail(`${what}: ${show(actual)} instead of an array of vectors`);
  same(actual.length, expected.length, `${what}, how many vectors`);
  for (const [at, vector] of expected.entries()) sameVector(actual[at], vector, `${what}[${at}]`);
}

/** Ends the rule unless the two lists hold the same texts, each as often, in whatever order. */
export function sameTexts(actual: readonly string[], expected: readonly string[], what: string): void {
  const sorted = (texts: readonly string[]) => [...texts].sort();
  const [one, other] = [sorted(actual), sorted(expected)];
  same(one.length, other.length, `${what}, how many texts`);
  for (const [at, text] of other.entries()) same(one[at], text, what);
}

/** Ends the rule unless the entries are the same as before. */
export function sameEntries(
  actual: ReadonlyMap<string, Uint8Array>,
  expected: ReadonlyMap<string, Uint8Array>,
  what: string,
): void {
  same(actual.size, expected.size, `${what}, how many entries`);
  for (const [key, value] of expected) sameBytes(actual.get(key), value, `${what}, the entry of ${show(key)}`);
}

/** Asks a cache for documents, and ends the rule unless it gives what the rule's model gives. */
export async function gives(context: CacheContext, cache: TestedCache, texts: string[], what: string): Promise<void> {
  sameVectors(await cache.embedDocuments(texts), context.model.vectors(texts), what);
}

/** The same, and ends the rule unless the model is asked for just `asked` meanwhile. */
export async function givesAsking(
  context: CacheContext,
  cache: TestedCache,
  texts: string[],
  asked: readonly string[],
  what: string,
): Promise<void> {
  context.model.forget();
  await gives(context, cache, texts, what);
  sameTexts(context.model.asked(), asked, `${what}, what the model was asked for`);
}

/** Ends the rule unless `call` is refused as `corrupt`, in not too many words. */
export async function corrupt(call: () => unknown, what: string): Promise<void> {
  const error = await refused(call, "corrupt", what);
  check(error.message.length < 600, `${what}: the message has ${error.message.length} characters`);
}
