/**
 * `node kernels.mjs [--rounds N] [--sizes 10000x384,100000x384,100000x1536] [--vectors FILE.f16 --queries FILE.f16]`: what
 * the search wasm's scans take by themselves, without documents, store and JavaScript around them. Needs `cargo xtask build
 * --probe`. Everything takes turns within each round; every search is checked against the bare scan.
 */

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { probe } from "../../search/probe.mjs";
import { quantile, turns } from "../measure.mjs";

const string = { type: "string" };
const { values: given } = parseArgs({
  options: { rounds: string, sizes: string, vectors: string, queries: string, dimensions: string },
});
const rounds = Number(given.rounds ?? 31);
const sizes = (given.sizes ?? "10000x384,100000x384,100000x1536").split(",").map((size) => size.split("x").map(Number));
const K = 10;

/** Numbers of 16 bits, as numbers. */
async function half(path) {
  const bytes = await readFile(path);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return Float64Array.from(halves, (bits) => {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -size : size;
  });
}

const median = (samples) => quantile(samples, 0.5);

/** Rows of hits, search by search. */
const rowsOf = (hits) => [...hits].filter((_, at) => at % 2 === 0);

async function measure(count, dimensions, hard, fill) {
  const wasm = await probe();
  const [plain, binary] = [new wasm.Bench(dimensions, true, false), new wasm.Bench(dimensions, true, true)];
  const began = performance.now();
  fill(plain);
  const built = performance.now() - began;
  fill(binary);
  binary.settle();
  const contenders = {
    "bare sum": { many: 1, run: () => plain.bare() },
    f32: { many: 1, run: () => plain.exact() },
    int8: { many: 1, run: () => plain.search() },
    "int8, 4 together": { many: 4, run: () => plain.search() },
    "int8, 8 together": { many: 8, run: () => plain.search() },
    "int8, 1 % filter": { many: 1, percent: 1, run: () => plain.search() },
    binary: { many: 1, of: binary, run: () => binary.search() },
    "MMR 20 of 200": { many: 1, run: () => plain.pick_of(200, 20, 0.5) },
  };
  const names = Object.keys(contenders);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const candidates = [];
  let [found, wanted, differ] = [0, 0, 0];
  for (let round = -3; round < rounds; round++) {
    for (const at of turns(names.length, Math.max(0, round))) {
      const name = names[at];
      const { many, percent = 100, of = plain, run } = contenders[name];
      of.prepare(round + 3, many, K, BigInt(percent));
      const from = performance.now();
      const result = run();
      const time = performance.now() - from;
      if (round < 0) continue;
      times[name].push(time);
      if (name === "int8") candidates.push(plain.candidates());
      if (!name.startsWith("int8") && name !== "binary") continue;
      plain.prepare(round + 3, many, K, BigInt(percent));
      const expected = plain.exact();
      if (name === "binary") {
        const rows = new Set(rowsOf(result));
        found += rowsOf(expected).filter((row) => rows.has(row)).length;
        wanted += K;
      } else if (String(result) !== String(expected)) differ++;
    }
  }
  const at = Object.fromEntries(names.map((name) => [name, median(times[name])]));
  const bytes = count * dimensions;
  const rate = (name, each) => `${((bytes * each) / at[name] / 1e6).toFixed(1)} GB/s`;
  const notes = {
    "bare sum": rate("bare sum", 4),
    f32: `${rate("f32", 4)}, ${((at["bare sum"] / at.f32) * 100).toFixed(0)} % of the bare sum's (goal 85)`,
    int8: `${rate("int8", 1)}, ${(at.f32 / at.int8).toFixed(2)}× f32 (goal 2.5 at 100,000 × 1,536); scored ${median(candidates)}`,
    "int8, 4 together": `${(at["int8, 4 together"] / at.int8).toFixed(2)} times one`,
    "int8, 8 together": `${(at["int8, 8 together"] / at.int8).toFixed(2)} times one (goal 3.5)`,
    "int8, 1 % filter": `${(at.f32 / at["int8, 1 % filter"]).toFixed(1)}× f32 (goal 20)`,
    binary: `${(at.f32 / at.binary).toFixed(1)}× f32 (goal 12), recall ${(found / wanted).toFixed(4)} (goal 0.99)`,
    "MMR 20 of 200": "",
  };
  console.log(`\n${count} × ${dimensions}, ${hard}; built in ${built.toFixed(0)} ms; ${differ} searches differ`);
  for (const name of names) console.log(`  ${name.padEnd(18)} ${at[name].toFixed(3).padStart(9)} ms  ${notes[name]}`);
  const [codes, beside, bits] = binary.memory().map((size) => size / 1e6);
  const all = codes + beside + bits;
  const each = ((all * 1e6) / count).toFixed(0);
  console.log(
    `  resident with bits ${all.toFixed(1)} MB: codes ${codes.toFixed(1)}, bits ${bits.toFixed(1)}; ${each} B a vector`,
  );
  plain.free();
  binary.free();
  return differ;
}

let wrong = 0;
if (given.vectors === undefined) {
  for (const [count, dimensions] of sizes) {
    for (const hard of [true, false]) {
      wrong += await measure(count, dimensions, hard ? "hard" : "easy", (bench) => bench.fill(count, hard));
    }
  }
} else {
  const dimensions = Number(given.dimensions ?? 384);
  const [vectors, queries] = [await half(given.vectors), await half(given.queries ?? given.vectors)];
  wrong += await measure(vectors.length / dimensions, dimensions, "real", (bench) => {
    bench.add(vectors);
    bench.ask(queries);
  });
}
process.exitCode = wrong > 0 ? 1 : 0;
