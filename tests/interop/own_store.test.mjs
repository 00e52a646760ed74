/** The documented example of a user's own store runs as it stands, and keeps the contract as far as four methods can. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { WrappedByteStore } from "bytestow";
import { runRules } from "bytestow/testing";
import { MapByteStore } from "../examples/own_store.mjs";
import { node } from "../support/child.mjs";
import { testsRoot } from "../support/package.mjs";

test("examples/own_store.mjs runs", async () => {
  const { code, stdout, stderr } = await node([join(testsRoot, "examples", "own_store.mjs")]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /kept the contract/u);
  assert.equal(stderr, "");
});

test("the example's store, wrapped, keeps every rule", async () => {
  const backends = new Map();
  const report = await runRules({
    name: "WrappedByteStore over the example's store",
    runtime: "node",
    shares: true,
    open: (backend, options) => {
      if (!backends.has(backend)) backends.set(backend, new MapByteStore());
      return new WrappedByteStore({ store: backends.get(backend), ...options });
    },
    physical: (backend) => backends.get(backend),
  });
  assert.deepEqual(
    report.failed.map((result) => result.message),
    [],
  );
  assert.ok(report.passed.length > 20, `only ${report.passed.length} rules ran`);
});
