import { check, fail, same, show } from "../expect.js";
import type { TestedDocument, TestedVectorStore } from "./harness.js";

/** Ends the rule unless these are documents of just these texts, in this order. */
export function sameTexts(actual: unknown, expected: readonly string[], what: string): void {
  if (!Array.isArray(actual)) fail(`${what}: ${show(actual)} instead of an array of documents`);
  const texts = actual.map((document: TestedDocument) => document?.pageContent);
  same(JSON.stringify(texts), JSON.stringify(expected), what);
}

/** Ends the rule unless these are documents of just these texts, in whatever order. */
export function sameSet(actual: readonly TestedDocument[], expected: readonly string[], what: string): void {
  const sorted = (texts: readonly string[]) => JSON.stringify([...texts].sort());
  same(sorted(actual.map(({ pageContent }) => pageContent)), sorted(expected), what);
}

/** Ends the rule unless the two say the same. */
export function sameJson(actual: unknown, expected: unknown, what: string): void {
  same(ordered(actual), ordered(expected), what);
}

/** JSON whose names are in order. */
function ordered(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Ends the rule unless a result is this document. */
export function sameDocument(actual: TestedDocument | undefined, expected: TestedDocument, what: string): void {
  if (actual === undefined) fail(`${what}: there is none`);
  same(actual.pageContent, expected.pageContent, `${what}, its text`);
  sameJson(actual.metadata, expected.metadata, `${what}, its metadata`);
  same(actual.id, expected.id, `${what}, its id`);
}

/** Ends the rule unless two numbers are within 1e-6 of each other. */
export function near(actual: unknown, expected: number, what: string): void {
  check(typeof actual === "number" && Math.abs(actual - expected) <= 1e-6, `${what}: ${show(actual)}, not ${expected}`);
}

/** The ids of an add, which must be as many strings. */
export function idsOf(answer: unknown, count: number, what: string): string[] {
  const fine = Array.isArray(answer) && answer.length === count && answer.every((id) => typeof id === "string");
  if (!fine) fail(`${what}: ${show(answer)} instead of ${count} ids`);
  return answer as string[];
}

/** The cosine of two vectors; 0 where one has no direction. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  const most = (vector: readonly number[]) => Math.max(...vector.map(Math.abs), 0);
  const [largeA, largeB] = [most(a), most(b)];
  if (largeA === 0 || largeB === 0) return 0;
  let [dot, aa, bb] = [0, 0, 0];
  for (const [at, number] of a.entries()) {
    const [x, y] = [number / largeA, (b[at] as number) / largeB];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Every document of a store, by its id. */
export async function everything(
  store: TestedVectorStore,
  dimensions = 6,
  most = 100_000,
): Promise<Map<string, { text: string; metadata: string; score: number }>> {
  const query = Array.from({ length: dimensions }, (_, at) => 1 + at);
  const all = new Map<string, { text: string; metadata: string; score: number }>();
  for (const [{ pageContent, metadata, id }, score] of await store.similaritySearchVectorWithScore(query, most)) {
    check(typeof id === "string", `a result has no id: ${show(pageContent)}`);
    check(!all.has(id), `the id ${show(id)} is found twice`);
    all.set(id, { text: pageContent, metadata: ordered(metadata) ?? "", score });
  }
  return all;
}

/** Ends the rule unless two stores have the same documents. */
export function sameEverything(
  actual: ReadonlyMap<string, { text: string; metadata: string; score: number }>,
  expected: ReadonlyMap<string, { text: string; metadata: string; score: number }>,
  what: string,
): void {
  same(JSON.stringify([...actual.keys()].sort()), JSON.stringify([...expected.keys()].sort()), `${what}, the ids`);
  for (const [id, { text, metadata, score }] of expected) {
    const found = actual.get(id);
    same(found?.text, text, `${what}, the text of ${show(id)}`);
    same(found?.metadata, metadata, `${what}, the metadata of ${show(id)}`);
    near(found?.score, score, `${what}, the score of ${show(id)}`);
  }
}
