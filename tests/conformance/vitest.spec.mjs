// The kit under Vitest: its adapter takes any runner's `test`.

import { byteStoreTests } from "bytestow/testing";
import { afterAll, test } from "vitest";
import { Results, SEED } from "./grid/record.mjs";
import { harnessOf } from "./grid/stores.mjs";

const runtime = `vitest on node ${process.versions.node.split(".", 2).join(".")}`;
const results = new Results("vitest");
afterAll(() => results.finish());

byteStoreTests(test, harnessOf("memory", runtime), { seed: SEED, onResult: results.row("memory", runtime) });
