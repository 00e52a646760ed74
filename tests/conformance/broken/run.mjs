import { rules, runRules } from "bytestow/testing";
import { chosen } from "../kits/broken.mjs";

/** One seed for all: what is recorded must not depend on chance. */
export const SEED = "broken";

/** The ids of the rules that a store breaks, in alphabetical order. */
export async function brokenRules({ harness, only, breaks }) {
  const ids = chosen(rules, breaks).filter((id) => !only || only.some((letter) => id.startsWith(letter)));
  const { failed } = await runRules(harness, { seed: SEED, only: ids });
  return failed.map(({ id }) => id).sort();
}

/** What each of `stores` breaks, some of them side by side: they spend half their time waiting. */
export async function brokenRulesOf(stores) {
  const found = new Map();
  const left = [...stores];
  const work = async () => {
    for (let store = left.shift(); store !== undefined; store = left.shift()) {
      found.set(store.name, await brokenRules(store));
    }
  };
  await Promise.all([work(), work(), work()]);
  return found;
}
