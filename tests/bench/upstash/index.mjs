/**
 * Over HTTP: `UpstashRedisByteStore` beside what people store with today, on the strict server of the tests.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Comparison, Counted } from "./compare.mjs"
 * @import { Server } from "./server.mjs"
 *
 * @typedef {object} Small What a contender can still do on a small plan.
 * @property {string} title
 * @property {string} contender
 * @property {string} write
 * @property {string} read
 */

import { compare, turnOf, Wire } from "./compare.mjs";
import { caches, native, SINGLE_KEY, single, textStores, vectorStores } from "./contenders.mjs";
import { keyOf, noise, prose, texts, vectors } from "./loads.mjs";
import { FORMS, LARGE, TITLES } from "./names.mjs";
import { startServer } from "./server.mjs";

/** What Upstash's larger plans take, in bytes of one command or reply: the smaller ones would refuse the peers. */
const LARGE_PLAN = 50 << 20;

/** What its free and pay-as-you-go plans take. */
const SMALL_PLAN = 10 << 20;

const LATENCIES = [0, 20];
const LARGE_BYTES = 7 << 20;

/** In seconds: longer than any run. */
const TTL = 3600;

const STORE_STEPS = [
  { label: "mset", run: (handle) => handle.mset() },
  { label: "mget, new handle", reopens: true, run: (handle) => handle.mget() },
  { label: "mget, again", run: (handle) => handle.mget() },
];

/**
 * @param {unknown} got Bytes, an array of numbers, or a text.
 * @param {unknown} wanted
 */
function equal(got, wanted) {
  if (!Array.isArray(got)) {
    return got instanceof Uint8Array && wanted instanceof Uint8Array
      ? Buffer.compare(got, wanted) === 0
      : typeof got === "string" && got === wanted;
  }
  return Array.isArray(wanted) && got.length === wanted.length && got.every((x, at) => x === wanted[at]);
}

/**
 * @param {string} what For the message.
 * @param {unknown[]} got
 * @param {unknown[][]} forms Each result must be as in one of these: contenders give bytes, numbers or text.
 */
function checkAll(what, got, forms) {
  if (got.length !== forms[0].length) throw new Error(`${what}: ${got.length} results of ${forms[0].length}`);
  for (const [i, value] of got.entries()) {
    if (!forms.some((form) => equal(value, form[i]))) throw new Error(`${what}: result ${i} is wrong`);
  }
}

/** Checks what was read; writes are seen in the reads that follow. */
const checkReads =
  (...forms) =>
  (name, label, result) => {
    if (label.startsWith("mget")) checkAll(`${name}, ${label}`, result, forms);
  };

/**
 * @param {string} title
 * @param {string[]} texts
 * @param {number[][]} vectors
 * @returns {Comparison} The caches over an embedder that costs nothing.
 */
function cacheComparison(title, texts, vectors) {
  const vectorOf = new Map(texts.map((text, i) => [text, vectors[i]]));
  const embedDocuments = async (asked) => asked.map((text) => vectorOf.get(text));
  const embedder = { embedDocuments, embedQuery: async (text) => vectorOf.get(text) };
  const run = (handle) => handle.embedDocuments(texts);
  const rounded = vectors.map((vector) => vector.map(Math.fround));
  return {
    title,
    contenders: caches(embedder),
    steps: [
      { label: "cold", run },
      { label: "warm, new handle", reopens: true, run },
      { label: "warm, again", run },
    ],
    check: (name, label, result) => checkAll(`${name}, ${label}`, result, [vectors, rounded]),
  };
}

/** @returns {Comparison[]} One value of each kind. */
function largeComparisons() {
  const [bytes, text] = [noise(LARGE_BYTES), prose(LARGE_BYTES)];
  const steps = STORE_STEPS;
  return [
    { title: LARGE.bytes, contenders: single(bytes), steps, check: checkReads([bytes]) },
    { title: LARGE.text, contenders: single(text), steps, check: checkReads([text]) },
    {
      title: LARGE.native,
      contenders: native(),
      prepare: (server, database) => server.put(database, SINGLE_KEY, bytes),
      steps: steps.slice(1),
      check(name, label, result) {
        if (typeof result[0] !== "string") checkAll(`${name}, ${label}`, result, [[bytes]]);
      },
    },
  ];
}

/**
 * What each contender can still do where a command and a reply may have 10 MB.
 *
 * @param {Server} server
 * @param {Comparison[]} comparisons Written in the first step, read in the second.
 * @returns {Promise<Small[]>}
 */
async function onSmallPlans(server, comparisons) {
  const found = [];
  for (const comparison of comparisons) {
    for (const contender of Object.keys(comparison.contenders)) {
      /** @param {number[]} limits The server's at each of the steps to make. */
      const tell = async (...limits) => {
        const steps = limits.map((requestLimit, at) => ({
          ...comparison.steps[at],
          async run(handle) {
            await server.set({ requestLimit });
            return comparison.steps[at].run(handle);
          },
        }));
        try {
          for await (const _ of turnOf(server, { ...comparison, steps }, contender));
          return "works";
        } catch (error) {
          // The SDK's messages hold the whole request.
          const [, actual] = /max request size exceeded\. Limit: \d+ bytes, Actual: (\d+)/u.exec(error.message) ?? [];
          if (actual === undefined) throw error;
          return `refused: ${(Number(actual) / 1e6).toFixed(1)} MB`;
        }
      };
      const [write, read] = [await tell(SMALL_PLAN), await tell(LARGE_PLAN, SMALL_PLAN)];
      found.push({ title: comparison.title, contender, write, read });
    }
  }
  await server.set({ requestLimit: LARGE_PLAN });
  return found;
}

/**
 * @param {{ rounds: number, warmUps: number, progress: (line: string) => void }} options
 * @returns {Promise<{ rows: Row[], traffic: Counted[], small: Small[] }>}
 */
export async function upstash({ rounds, warmUps, progress }) {
  const [lines, forms] = [texts(), vectors()];
  const keys = lines.map(keyOf);
  const packed = forms.f32.map((vector) => new Uint8Array(Float32Array.from(vector).buffer));
  const encoded = lines.map((line) => new TextEncoder().encode(line));
  const cache = cacheComparison(TITLES.cache, lines, forms.f32);
  const vectorStore = {
    title: TITLES.vectors,
    contenders: vectorStores(keys, forms.f32),
    steps: STORE_STEPS,
    check: checkReads(packed, forms.f32),
  };
  const textStore = {
    title: TITLES.texts,
    contenders: textStores(keys, lines),
    steps: STORE_STEPS,
    check: checkReads(encoded, lines),
  };

  const server = await startServer();
  try {
    await server.set({ requestLimit: LARGE_PLAN });
    const wire = new Wire();
    const rows = [];
    const run = async (comparison, latencies) => {
      progress(comparison.title);
      rows.push(...(await compare(server, comparison, { rounds, warmUps, latencies, wire })));
    };
    for (const comparison of [cache, vectorStore, textStore]) await run(comparison, LATENCIES);
    for (const comparison of largeComparisons()) await run(comparison, [0]);

    progress("Upstash, what is counted only");
    const steps = [{ label: "mset with a TTL", run: (handle) => handle.mset(TTL) }];
    for (const comparison of [
      { ...vectorStore, steps },
      { ...textStore, steps },
      ...Object.entries(FORMS).map(([form, name]) => cacheComparison(`${TITLES.cache}, ${name}`, lines, forms[form])),
    ]) {
      for (const name of Object.keys(comparison.contenders)) {
        for await (const { label, traffic } of turnOf(server, comparison, name)) {
          wire.add(comparison, label, name, traffic);
        }
      }
    }
    const small = await onSmallPlans(server, [cache, vectorStore]);
    return { rows, traffic: wire.rows(), small };
  } finally {
    server.close();
  }
}
