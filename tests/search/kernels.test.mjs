/** The kernels in vector instructions give the bits of the scalar ones, in this runtime and natively. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { probe } from "./probe.mjs";

/** As in `tests/it/search/golden.rs`, which has the same digest. */
const GOLDEN = "bcd06016";

const wasm = await probe();

/** Numbers that are the same everywhere: 32 bits at a time. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
}

const bits = (numbers) => [...new Uint32Array(Float32Array.from(numbers).buffer)];

/** Of every magnitude, some of them too small to be multiplied. */
function floats(next, length) {
  return Float32Array.from({ length }, () => ((next() | 0) / 2 ** 31) * 2 ** -(((next() >>> 8) % 5) * 33));
}

describe("kernels", () => {
  test("sums of 32 bits", () => {
    const next = generator(1);
    for (let length = 0; length < 300; length++) {
      const [one, other] = bits(wasm.dot(floats(next, length), floats(next, length)));
      assert.equal(one, other, `${length} numbers`);
    }
  });

  test("sums of codes, four queries at a time, one at a time, and scalar", () => {
    const next = generator(2);
    for (const blocks of [1, 2, 3, 4, 5, 24, 511, 512, 513, 1_024, 4_096]) {
      const length = blocks * 16;
      const queries = Int16Array.from({ length: 4 * length }, () => ((next() >>> 8) % 4_095) - 2_047);
      const rows = Int8Array.from({ length: 2 * length }, () => ((next() >>> 8) % 255) - 127);
      if (blocks > 500) {
        queries.fill(2_047, 0, length);
        rows.fill(-127, 0, length);
      }
      const sums = [...wasm.dots(queries, rows)];
      const expected = [0, 1].flatMap((row) =>
        [0, 1, 2, 3].map((query) => {
          let sum = 0;
          for (let at = 0; at < length; at++) sum += queries[query * length + at] * rows[row * length + at];
          return sum;
        }),
      );
      assert.deepEqual(sums, [...expected, ...expected, ...expected], `${length} codes`);
    }
  });

  test("the same bits as natively", () => {
    const next = generator(3);
    let digest = 0x811c9dc5;
    for (let length = 1; length < 200; length++) {
      const number = () => (next() | 0) / 2 ** 31;
      const [a, b] = [0, 1].map(() => Float32Array.from({ length }, number));
      const [sum] = bits(wasm.dot(a, b));
      digest = Math.imul(digest ^ sum, 0x01000193) >>> 0;
    }
    assert.equal(digest.toString(16), GOLDEN);
  });

  test("a trap is an exception", () => {
    assert.throws(() => wasm.trapNow(), WebAssembly.RuntimeError);
  });
});
