// The grid in a runtime without a runner of ours: a program that reads tasks from its standard input, one JSON a line,
// and answers each by a line. Nothing here is one runtime's own.

import { createInterface } from "node:readline";
import { runRules } from "bytestow/testing";
import { refusals } from "./refusals.mjs";
import { remotes } from "./remote.mjs";
import { harnessOf } from "./stores.mjs";

const steps = {
  async rule({ store, rule, seed, runtime, kind, server }) {
    const harness = server ? { ...remotes[kind](server), name: store, runtime } : harnessOf(store, runtime);
    const { passed, failed } = await runRules(harness, { seed, only: [rule] });
    return [...passed, ...failed][0];
  },
  refusals,
};

for await (const line of createInterface({ input: process.stdin })) answer(JSON.parse(line));

async function answer({ id, step, given }) {
  try {
    say({ id, value: await steps[step](given) });
  } catch (error) {
    say({ id, error: `${error?.stack ?? error}` });
  }
}

function say(answered) {
  process.stdout.write(`${JSON.stringify(answered)}\n`);
}
