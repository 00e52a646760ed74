/** `UpstashRedisByteStore` and `TieredByteStore`: options, events and what errors hold; and nothing of it is `any`. */

import {
  type BaseByteStore,
  type BytestowError,
  InMemoryByteStore,
  type StoreEvent,
  TieredByteStore,
  type TieredByteStoreOptions,
  UpstashRedisByteStore,
  type UpstashRedisByteStoreOptions,
} from "bytestow";
import { expectType, type Same } from "./expect.js";

/** Nothing but `any` is both of these. */
type IsAny<T> = 0 extends 1 & T ? true : false;
/** The names of those members that are `any`. */
type AnyMembers<T> = { [Name in keyof T]-?: IsAny<T[Name]> extends true ? Name : never }[keyof T];

const options: UpstashRedisByteStoreOptions = {
  url: "https://eu1-example.upstash.io",
  token: "t",
  headers: { "x-from": "tests" },
  namespace: "a/b",
  ttl: 0.5,
  encoding: "raw",
  timeout: 1_000,
  retries: 0,
  deadline: 5_000,
  onEvent: (event) => expectType<Same<typeof event, StoreEvent>>(),
};
const remote = new UpstashRedisByteStore(options);
new UpstashRedisByteStore({ url: "redis", token: null });
new UpstashRedisByteStore({ url: "https://a", token: () => "t" });
new UpstashRedisByteStore({ url: "https://a", token: async () => "t", ttl: undefined, encoding: undefined });
UpstashRedisByteStore.fromEnv();
UpstashRedisByteStore.fromEnv({ KV_REST_API_URL: "https://a", KV_REST_API_TOKEN: "t" }, { namespace: "n", ttl: 1 });

// @ts-expect-error: the token is missing, and `null` must be said
new UpstashRedisByteStore({ url: "https://a" });
// @ts-expect-error: the url is missing
new UpstashRedisByteStore({ token: "t" });
// @ts-expect-error: a number is no token
new UpstashRedisByteStore({ url: "https://a", token: 1 });
// @ts-expect-error: nor is a function that gives none
new UpstashRedisByteStore({ url: "https://a", token: () => null });
// @ts-expect-error: a text, not a URL
new UpstashRedisByteStore({ url: {}, token: null });
// @ts-expect-error: no such word
new UpstashRedisByteStore({ ...options, encoding: "base64" });
// @ts-expect-error: headers are texts
new UpstashRedisByteStore({ ...options, headers: { "x-a": 1 } });
// @ts-expect-error: a name it does not know
new UpstashRedisByteStore({ ...options, retry: 3 });
// @ts-expect-error: the server has the clock
new UpstashRedisByteStore({ ...options, now: () => 0 });
// @ts-expect-error: these are the environment's
UpstashRedisByteStore.fromEnv({}, { url: "https://a" });

declare const theirs: BaseByteStore;
const local = new InMemoryByteStore();
const tiers: TieredByteStoreOptions = {
  local,
  remote,
  localTtl: 60,
  write: "through",
  onRemoteError: "throw",
  waitUntil: (work) => expectType<Same<typeof work, Promise<void>>>(),
  onEvent: (event) => expectType<Same<typeof event, StoreEvent>>(),
};
const tiered = new TieredByteStore(tiers);
new TieredByteStore({ local: theirs, remote: theirs, onRemoteError: "serve-local" });
new TieredByteStore({ local: tiered, remote });

// @ts-expect-error: the remote store is missing
new TieredByteStore({ local });
// @ts-expect-error: a Map is no store
new TieredByteStore({ local: new Map(), remote });
// @ts-expect-error: not there yet
new TieredByteStore({ local, remote, write: "behind" });
// @ts-expect-error: no such word
new TieredByteStore({ local, remote, onRemoteError: "ignore" });
// @ts-expect-error: each tier has its own
new TieredByteStore({ local, remote, namespace: "n" });
// @ts-expect-error: it is called localTtl
new TieredByteStore({ local, remote, ttl: 1 });

expectType<Same<AnyMembers<UpstashRedisByteStoreOptions>, never>>();
expectType<Same<AnyMembers<TieredByteStoreOptions>, never>>();
expectType<Same<AnyMembers<UpstashRedisByteStore>, never>>();
expectType<Same<AnyMembers<TieredByteStore>, never>>();
expectType<Same<AnyMembers<BytestowError>, never>>();

export async function work(): Promise<void> {
  for (const store of [remote, tiered]) {
    const values = await store.mget(["a"]);
    expectType<Same<typeof values, (Uint8Array<ArrayBuffer> | undefined)[]>>();
    await store.mset([["a", new Uint8Array(1)]], { ttl: null });
  }
}

export function shown(error: BytestowError): void {
  expectType<Same<typeof error.status, number | undefined>>();
  expectType<Same<typeof error.redisError, string | undefined>>();
  expectType<Same<typeof error.limit, number | undefined>>();
  expectType<Same<typeof error.actual, number | undefined>>();
  expectType<Same<typeof error.attempts, number | undefined>>();
  expectType<Same<typeof error.elapsed, number | undefined>>();
}
