import type { RuleContext } from "../context.js";
import { check, collect, equalBytes, held, sameKeys, sameValues } from "../expect.js";
import type { SomeRules } from "./body.js";

// The eleven cases of `langchain_tests.integration_tests.base_store` (Python), with its keys. Nothing is added to what
// they assert, so that passing P means passing there; what they do not see is the business of the other rules.

type Three = [Uint8Array, Uint8Array, Uint8Array];

function threeValues(context: RuleContext): Three {
  return [context.value(), context.value(), context.value()];
}

async function setFooBar(context: RuleContext): Promise<Three> {
  const three = threeValues(context);
  await context.store.mset([
    ["foo", three[0]],
    ["bar", three[1]],
  ]);
  return three;
}

export const python = {
  async "P01-three-values"(context) {
    const three = threeValues(context);
    const apart = !equalBytes(three[0], three[1]) && !equalBytes(three[1], three[2]) && !equalBytes(three[0], three[2]);
    check(apart, "the kit's own three values are not distinct");
    // Python asserts the fixture alone. Three values that the store cannot keep apart would be no fixture for it.
    const keys = ["foo", "bar", "buz"];
    await context.store.mset(keys.map((key, i) => [key, three[i] as Uint8Array]));
    for (const [i, key] of keys.entries()) sameValues(await context.store.mget([key]), [three[i]], `mget of ${key}`);
  },

  async "P02-store-is-empty"({ store }) {
    const nothing = [undefined, undefined, undefined];
    sameValues(await store.mget(["foo", "bar", "buzz"]), nothing, "mget on a new store");
  },

  async "P03-set-and-get"(context) {
    const [foo, bar] = await setFooBar(context);
    sameValues(await context.store.mget(["foo", "bar"]), [foo, bar], "mget");
  },

  async "P04-still-empty"(context) {
    await setFooBar(context);
    const fresh = await context.open({}, context.freshBackend());
    sameValues(await fresh.mget(["foo"]), [undefined], "mget on a store made for another test");
  },

  async "P05-delete-values"(context) {
    const [, bar] = await setFooBar(context);
    await context.store.mdelete(["foo"]);
    sameValues(await context.store.mget(["foo", "bar"]), [undefined, bar], "mget after mdelete of foo");
  },

  async "P06-delete-bulk"(context) {
    const [foo, bar, buz] = threeValues(context);
    await context.store.mset([
      ["foo", foo],
      ["bar", bar],
      ["buz", buz],
    ]);
    await context.store.mdelete(["foo", "buz"]);
    sameValues(await context.store.mget(["foo", "bar", "buz"]), [undefined, bar, undefined], "mget after mdelete");
  },

  async "P07-delete-missing"({ store }) {
    await store.mdelete(["foo"]);
    await store.mdelete(["foo", "bar", "baz"]);
  },

  async "P08-set-is-idempotent"(context) {
    const { store } = context;
    const [foo, bar] = threeValues(context);
    for (let i = 0; i < 2; i++) {
      await store.mset([
        ["foo", foo],
        ["bar", bar],
      ]);
    }
    sameValues(await store.mget(["foo", "bar"]), [foo, bar], "mget");
    sameKeys(await collect(store.yieldKeys()), ["bar", "foo"], "yieldKeys");
  },

  async "P09-get-same-value"(context) {
    const [foo, bar] = await setFooBar(context);
    sameValues(await context.store.mget(["foo", "bar", "foo", "bar"]), [foo, bar, foo, bar], "mget");
  },

  async "P10-overwrite"(context) {
    const [, bar, buzz] = await setFooBar(context);
    await context.store.mset([["foo", buzz]]);
    sameValues(await context.store.mget(["foo", "bar"]), [buzz, bar], "mget");
  },

  async "P11-yield-keys"(context) {
    const { store } = context;
    await setFooBar(context);
    const generator = held(store.yieldKeys());
    const isOne = typeof generator?.next === "function" && typeof generator[Symbol.asyncIterator] === "function";
    check(isOne, "yieldKeys() did not return an async generator");
    sameKeys(await collect(generator), ["bar", "foo"], "yieldKeys()");
    sameKeys(await collect(store.yieldKeys("foo")), ["foo"], 'yieldKeys("foo")');
  },
} satisfies SomeRules;
