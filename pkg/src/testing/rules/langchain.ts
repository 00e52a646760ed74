import { check, outcome, same, show } from "../expect.js";
import type { SomeRules } from "./body.js";

/** The members of LangChain's `Serializable`, which its `BaseStore` extends. */
interface Serializable {
  lc_serializable: boolean;
  lc_kwargs: object;
  lc_namespace: string[];
  lc_id: string[];
  lc_secrets: Record<string, string> | undefined;
  lc_attributes: object | undefined;
  lc_aliases: Record<string, string> | undefined;
  lc_serializable_keys: string[] | undefined;
  toJSON(): { lc: number; type: string; id: string[] };
  toJSONNotImplemented(): { lc: number; type: string; id: string[] };
}

const MEMBERS = [
  ...["lc_serializable", "lc_kwargs", "lc_namespace", "lc_id", "lc_secrets", "lc_attributes", "lc_aliases"],
  ...["lc_serializable_keys", "toJSON", "toJSONNotImplemented", "mget", "mset", "mdelete", "yieldKeys"],
];

export const langchain = {
  async "C1-serializable"(context) {
    const store = context.store as unknown as Serializable;
    for (const member of MEMBERS) check(member in store, `the store has no member ${member}`);
    same(store.lc_serializable, false, "lc_serializable");
    check(typeof store.lc_kwargs === "object" && store.lc_kwargs !== null, `lc_kwargs is ${show(store.lc_kwargs)}`);
    const texts = (list: unknown) => Array.isArray(list) && list.length > 0 && list.every((t) => typeof t === "string");
    check(texts(store.lc_namespace), `lc_namespace is ${show(store.lc_namespace)}`);
    check(texts(store.lc_id), `lc_id is ${show(store.lc_id)}`);
    const name: unknown = (store.constructor as { lc_name?: () => string }).lc_name?.();
    check(typeof name === "string" && name !== "", "the class has no static lc_name() that gives a name");
    same(JSON.stringify(store.lc_id), JSON.stringify([...store.lc_namespace, name]), "lc_id");
    for (const member of ["lc_secrets", "lc_attributes", "lc_aliases", "lc_serializable_keys"] as const) {
      const value: unknown = store[member];
      check(value === undefined || typeof value === "object", `${member} is ${show(value)}`);
    }
    for (const json of [store.toJSON(), store.toJSONNotImplemented()]) {
      same(json.lc, 1, "lc in the JSON form");
      same(json.type, "not_implemented", "type in the JSON form");
      same(JSON.stringify(json.id), JSON.stringify(store.lc_id), "id in the JSON form");
    }
  },

  async "C2-tojson"(context) {
    const secret = `secret-${context.random.word(12)}`;
    const ttl = 86_413;
    const capable = (await outcome(() => context.claims())) as { value?: { ttl?: boolean } };
    const options = { namespace: secret, onEvent: () => {}, ...(capable.value?.ttl ? { ttl } : {}) };
    const store = await context.open(options);
    const { lc_kwargs, lc_attributes, toJSON } = store as unknown as Partial<Serializable>;
    same(typeof toJSON, "function", "toJSON, its type");
    const look = async (when: string) => {
      for (const given of [store, { store }, [store], lc_kwargs, lc_attributes]) {
        const end = await outcome(() => JSON.stringify(given));
        check(end.ok, `JSON.stringify ${when} threw ${show(end.ok ? "" : end.error)}`);
        for (const option of [secret, String(ttl), context.backend]) {
          check(
            !String(end.value).includes(option),
            `the JSON form ${when} holds what was given as an option: ${option}`,
          );
        }
      }
      const named = (store as unknown as { toJSON(key: string): unknown }).toJSON("store");
      check(typeof named === "object" && named !== null, `toJSON("store") ${when} gave ${show(named)}`);
    };
    await look("of an unused store");
    await store.mset([["k", context.value()]]);
    await look("of a store in use");
    await store.close?.();
    await look("of a closed store");
  },
} satisfies SomeRules;
