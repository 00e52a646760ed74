/** The published kit, under a runner's `test` and without one. */

import { type BaseByteStore, InMemoryByteStore } from "bytestow";
import {
  byteStoreTests,
  type CacheRuleId,
  embeddingsCacheRules,
  embeddingsCacheTests,
  type Harness,
  type Report,
  type RuleId,
  rules,
  runEmbeddingsCacheRules,
  runRules,
  type TestedCache,
  type TestFunction,
} from "bytestow/testing";

declare const test: TestFunction;

const harness: Harness = {
  name: "memory",
  clock: "injected",
  open: (_backend, options) => new InMemoryByteStore(options),
  bounded: (_backend, bounds, options) => new InMemoryByteStore({ ...options, ...bounds }),
};

byteStoreTests(test, harness, { seed: 1 });

export async function run(): Promise<RuleId[]> {
  const report: Report = await runRules(harness, { seed: "again", only: ["R4"], onResult: ({ ok }) => void ok });
  return report.failed.map((result) => result.id);
}

export const ids: RuleId[] = rules.map((rule) => rule.id);
// @ts-expect-error: no such rule
export const wrong: RuleId = "Z0-none";

/** A cache of the user's own, of queries and without options. */
class OwnCache implements TestedCache {
  constructor(
    readonly model: { embedDocuments(documents: string[]): Promise<number[][]> },
    readonly store: BaseByteStore,
  ) {}

  embedDocuments(documents: string[]): Promise<number[][]> {
    return this.model.embedDocuments(documents);
  }

  async embedQuery(document: string): Promise<number[]> {
    return (await this.embedDocuments([document]))[0] ?? [];
  }
}

embeddingsCacheTests(test, {
  name: "own",
  claims: { queries: true },
  open: ({ model, store }) => new OwnCache(model, store),
});

export async function runCacheRules(): Promise<CacheRuleId[]> {
  const open = ({ model, store }: { model: OwnCache["model"]; store: BaseByteStore }) => new OwnCache(model, store);
  const report: Report<CacheRuleId> = await runEmbeddingsCacheRules(
    { name: "own", claims: {}, open },
    { seed: 1, only: ["V2-f64"] },
  );
  return report.failed.map((result) => result.id);
}

export const cacheIds: CacheRuleId[] = embeddingsCacheRules.map((rule) => rule.id);
// @ts-expect-error: a rule on stores is none on caches
export const notOnCaches: CacheRuleId = "R4";
