import type { RuleContext } from "../context.js";
import { having } from "../context.js";
import { check, collect, outcome, refused, sameKeys, sameValues, show } from "../expect.js";
import type { TestedStore } from "../harness.js";
import type { SomeRules } from "./body.js";

/** Namespaces of which each is one of the others, half of one, or a pattern for one, to a careless eye. */
const NEIGHBOURS = [
  "n",
  "n1",
  "n?",
  "n*",
  "*",
  "[n]",
  "N",
  "n%",
  "n_",
  "n.*",
  "n\\",
  "n-1",
  "1n",
  "nn",
  "n:",
  "\u00f1",
  "n ",
];

const APART =
  "each handle of this kind of store has a backend of its own: what is between two of them was checked trivially";

async function openAll(context: RuleContext): Promise<Map<string, TestedStore>> {
  if (!context.harness.shares) context.note(APART);
  const stores = new Map<string, TestedStore>();
  for (const namespace of NEIGHBOURS) stores.set(namespace, await context.open({ namespace }));
  return stores;
}

export const namespaces = {
  async "N1-layout"(context) {
    const claims = await context.claims();
    const namespace = `area ${context.random.word()}/in*ner`;
    const store = await context.open({ namespace });
    const keys = ["k", "", "a/b", "/", "*", "\u{1f600}", "area", namespace, `${namespace}/k`];
    const pairs = context.pairs(keys);
    const values = pairs.map(([, value]) => value);
    await store.mset(pairs);
    sameValues(await store.mget(keys), values, "mget in a namespace");
    sameKeys(await collect(store.yieldKeys()), keys, "yieldKeys in a namespace");
    for (const prefix of ["a", "area", `${namespace}/`, "/", "in*ner"]) {
      const expected = keys.filter((key) => key.startsWith(prefix));
      sameKeys(await collect(store.yieldKeys(prefix)), expected, `yieldKeys(${show(prefix)}) in a namespace`);
    }

    const physical = await context.physical();
    if (physical === undefined) {
      const visible = claims.sharedWrites || claims.sharedBackend;
      check(!visible, "others see the backend, but the harness gives neither `physical` nor `shares` to look at it");
      context.note("this backend cannot be seen from outside: only what the handle itself shows was checked");
      return;
    }
    const full = keys.map((key) => `${namespace}/${key}`);
    sameKeys(await collect(physical.yieldKeys()), full, "yieldKeys of the backend without a namespace");
    sameValues(await physical.mget(full), values, "mget on the backend without a namespace");
    sameValues(await physical.mget(["k", "a/b"]), [undefined, undefined], "mget of the bare keys there");
    // And the other way round: what others have put there is seen.
    const value = context.value();
    await physical.mset([
      [`${namespace}/from below`, value],
      [`${namespace}x/k`, value],
      [namespace, value],
    ]);
    await physical.mdelete([`${namespace}/k`]);
    sameValues(await store.mget(["from below", "k"]), [value, undefined], "mget of what was set and deleted below");
    const now = [...keys.slice(1), "from below"];
    sameKeys(await collect(store.yieldKeys()), now, "yieldKeys after changes below");
    await store.mdelete(now);
    sameKeys(
      await collect(physical.yieldKeys()),
      [`${namespace}x/k`, namespace],
      "yieldKeys of the backend when the namespace has been emptied",
    );
  },

  async "N2-isolation"(context) {
    const stores = await openAll(context);
    const keys = ["k", "1/k", "*", "", "n/k"];
    const values = new Map<string, [string, Uint8Array][]>();
    for (const [namespace, store] of stores) {
      sameValues(
        await store.mget(keys),
        keys.map(() => undefined),
        `mget in ${show(namespace)} before it was written to`,
      );
      values.set(namespace, context.pairs(keys));
      await store.mset(values.get(namespace) ?? []);
    }
    for (const [namespace, store] of stores) {
      const expected = values.get(namespace)?.map(([, value]) => value) ?? [];
      sameValues(await store.mget(keys), expected, `mget in ${show(namespace)}`);
      sameKeys(await collect(store.yieldKeys()), keys, `yieldKeys in ${show(namespace)}`);
      sameKeys(await collect(store.yieldKeys("*")), ["*"], `yieldKeys("*") in ${show(namespace)}`);
      // What comes later in the list must not notice.
      await store.mdelete(keys);
      sameKeys(await collect(store.yieldKeys()), [], `yieldKeys in ${show(namespace)} after mdelete of its keys`);
    }
  },

  async "N3-clear-namespace"(context) {
    const stores = await openAll(context);
    const keys = context.keys(4);
    const pairs = context.pairs([...keys, "", "n", "n/"]);
    const values = pairs.map(([, value]) => value);
    const asked = pairs.map(([key]) => key);
    for (const store of stores.values()) await store.mset(pairs);
    const physical = context.harness.shares ? await context.physical() : undefined;
    const beside = ["n", "nx", "nx/k", "x/n/k"];
    await physical?.mset(beside.map((key) => [key, values[0] as Uint8Array]));

    const cleared = ["n", "n*", "n?", "*"];
    for (const name of cleared) {
      const store = having(stores.get(name) as TestedStore, "clear");
      const end: unknown = await store.clear();
      check(end === undefined, `clear() gave ${show(end)}`);
      sameKeys(await collect(store.yieldKeys()), [], `yieldKeys in ${show(name)} after clear()`);
      sameValues(
        await store.mget(asked),
        asked.map(() => undefined),
        `mget in ${show(name)} after clear()`,
      );
      await store.clear();
    }
    for (const [name, store] of stores) {
      if (cleared.includes(name)) continue;
      sameValues(await store.mget(asked), values, `mget in ${show(name)} after clear() of ${cleared.join(", ")}`);
      sameKeys(await collect(store.yieldKeys()), asked, `yieldKeys in ${show(name)} after clear() of others`);
    }
    if (physical !== undefined) {
      const still = beside.map(() => values[0]);
      sameValues(await physical.mget(beside), still, "mget of keys beside the namespaces after clear()");
    }
    const again = stores.get("n") as TestedStore;
    await again.mset(pairs);
    sameValues(await again.mget(asked), values, "mget in a namespace that was cleared and filled again");
  },

  async "N4-clear-all"(context) {
    const store = having(context.store, "clear");
    const { sharedBackend } = await context.claims();
    const keys = context.keys(5);
    const pairs = context.pairs(keys);
    await store.mset(pairs);
    const inside = having(await context.open({ namespace: "inside" }), "clear");
    await inside.mset(pairs);
    // `all` means "although there is no namespace"; where there is one, it means nothing.
    await inside.clear({ all: true });
    sameKeys(await collect(inside.yieldKeys()), [], "yieldKeys in a namespace after its clear({ all: true })");
    const values = pairs.map(([, value]) => value);
    sameValues(await store.mget(keys), values, "mget outside after clear({ all: true }) in a namespace");
    await inside.clear();

    if (sharedBackend) {
      await refused(() => store.clear(), "invalid_argument", "clear() on a shared backend", "all");
      await refused(() => store.clear({}), "invalid_argument", "clear({}) on a shared backend", "all");
      await refused(() => store.clear({ all: false }), "invalid_argument", "clear({ all: false })", "all");
      sameValues(await store.mget(keys), values, "mget after clear() was refused");
    } else {
      await store.clear();
      sameKeys(await collect(store.yieldKeys()), [], "yieldKeys after clear()");
      await store.mset(pairs);
    }
    await store.clear({ all: true });
    sameKeys(await collect(store.yieldKeys()), [], "yieldKeys after clear({ all: true })");
    sameValues(
      await store.mget(keys),
      keys.map(() => undefined),
      "mget after clear({ all: true })",
    );
  },

  async "N5-malformed"(context) {
    const bad: unknown[] = [
      "",
      "/",
      "//",
      "/a",
      "a/",
      "a/b/",
      "/a/",
      "\ud800",
      "a\udc00b",
      "\udfff/a",
      5,
      {},
      ["a"],
      true,
    ];
    for (const namespace of bad) {
      const open = () => context.open({ namespace: namespace as string });
      await refused(open, "invalid_argument", `a store with the namespace ${show(namespace)}`, "namespace");
    }
    for (const namespace of ["a", "a/b", "a/b/c", ".", "*", "\u{1f600}", "\0", " "]) {
      const end = await outcome(() => context.open({ namespace }));
      check(end.ok, `a store with the namespace ${show(namespace)} was refused`);
    }
  },
} satisfies SomeRules;
