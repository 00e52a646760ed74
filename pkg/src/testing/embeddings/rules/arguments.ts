import { fail, held, outcome, refused, same } from "../../expect.js";
import type { CacheOptions, TestedCache } from "../harness.js";
import type { SomeCacheRules } from "./body.js";

/** Something of a wrong type, which the compiler must not see. */
const wrong = (thing: unknown) => thing as never;

export const errors = {
  async "E1-wrong-arguments"(context) {
    const { claims } = context;
    const store = context.watched();
    const cache = await context.open({}, { store });
    const calls: [string, string, (cache: TestedCache) => unknown][] = [];
    for (const list of [undefined, null, "a text", 7, {}, new Set(["a"])]) {
      calls.push(["documents", `embedDocuments(${kind(list)})`, (on) => on.embedDocuments(wrong(list))]);
    }
    for (const text of [undefined, null, 7, {}, ["a"], Symbol("a")]) {
      calls.push([
        "documents[1]",
        `embedDocuments(["a", ${kind(text)}])`,
        (on) => on.embedDocuments(wrong(["a", text])),
      ]);
      calls.push(["document", `embedQuery(${kind(text)})`, (on) => on.embedQuery(wrong(text))]);
    }
    // biome-ignore lint/suspicious/noSparseArray: a hole is what this is about
    calls.push(["documents[1]", "embedDocuments() with a hole", (on) => on.embedDocuments(wrong(["a", , "b"]))]);
    if (claims.signal) {
      for (const signal of ["signal", {}, 7]) {
        const options = wrong({ signal });
        calls.push(["signal", `a signal that is ${kind(signal)}`, (on) => on.embedDocuments(["a"], options)]);
        calls.push(["signal", `a signal that is ${kind(signal)}`, (on) => on.embedQuery("a", options)]);
      }
    }
    if (claims.progress) {
      const options = wrong({ onProgress: "yes" });
      calls.push(["onProgress", "onProgress that is text", (on) => on.embedDocuments(["a"], options)]);
    }
    for (const [name, what, call] of calls) {
      const promise = started(() => call(cache), what);
      await refused(() => promise, "invalid_argument", what, name);
    }
    same(context.model.calls.length, 0, "calls of the model");
    same(store.reads + store.writes, 0, "calls of the store");
  },

  async "E2-wrong-options"(context) {
    const { claims } = context;
    if (!context.claimed("checksOptions", "wrong options")) return;
    const options: [keyof CacheOptions, unknown[]][] = [["model", ["", 7, {}]]];
    if (claims.batches) {
      options.push(["batchSize", [0, -1, 1.5, Number.NaN, "10"]], ["concurrency", [0, -1, 1.5, "4"]]);
    }
    if (claims.dimensions) options.push(["dimensions", [0, -1, 1.5, "8"]]);
    if (claims.precisions) options.push(["precision", ["f8", "", 32]]);
    if (claims.keyEncoders) options.push(["keyEncoder", ["md5", "", 256]]);
    if (claims.json) options.push(["valueFormat", ["text", 1]]);
    if (claims.queryCache) options.push(["queryCache", ["yes", 1, {}]]);
    if (claims.progress) options.push(["onProgress", ["yes", {}]]);
    if (claims.events) options.push(["onEvent", ["yes", {}]]);
    for (const [name, values] of options) {
      for (const value of values) {
        const named = name === "model" ? (claims.modelOption ?? name) : name;
        await refused(() => context.open({ [name]: value }), "invalid_argument", `${name}: ${kind(value)}`, named);
      }
    }
    await refused(() => context.open(wrong({ modle: "a" })), "invalid_argument", "an unknown option", "modle");
    if (claims.json && claims.precisions?.includes("int8")) {
      const both = { valueFormat: "json", precision: "int8" } as const;
      const end = await outcome(() => context.open(both));
      if (!end.ok) await refused(() => context.open(both), "invalid_argument", "JSON at int8", "int8");
    }
  },
} satisfies SomeCacheRules;

/** What a call returned. Ends the rule if it throws at once. */
function started(call: () => unknown, what: string): unknown {
  try {
    return held(call());
  } catch {
    return fail(`${what} threw instead of rejecting`);
  }
}

function kind(thing: unknown): string {
  if (typeof thing === "symbol") return "a symbol";
  if (typeof thing === "string") return JSON.stringify(thing);
  return typeof thing === "object" ? Object.prototype.toString.call(thing) : String(thing);
}
