import type { ErrorCode } from "../../core/error.js";
import { type RuleContext, whole } from "../context.js";
import { check, firstStep, held, outcome, refused, same, show, type TypedError } from "../expect.js";
import { abortedSignal } from "../signals.js";
import type { SomeRules } from "./body.js";

/** The codes that there are; the compiler holds this to the type. */
const CODES: Record<ErrorCode, true> = {
  invalid_argument: true,
  quota_exceeded: true,
  unauthorized: true,
  unavailable: true,
  timeout: true,
  too_large: true,
  corrupt: true,
  closed: true,
  unsupported: true,
  internal: true,
};

/** How much of a key a message may show. */
const MOST_OF_A_KEY = 128;

interface Failing {
  what: string;
  code: ErrorCode;
  run: () => unknown;
}

/** Calls that fail, one of each kind that this store has, with very long arguments. */
async function failingCalls(context: RuleContext, long: string, secret: string): Promise<Failing[]> {
  const store = whole(context.store);
  const claims = await context.claims();
  const value = new TextEncoder().encode(secret);
  const as = <T>(thing: unknown) => thing as T;
  const bad = (what: string, run: () => unknown, code: ErrorCode = "invalid_argument"): Failing => ({
    what,
    code,
    run,
  });
  const ttl = as<number>(long);
  // As long as the store lets it be, so that its length is not what is wrong with it.
  const key = claims.maxKeyBytes === null ? long : long.slice(0, claims.maxKeyBytes - 3);
  const calls = [
    bad("mget of a long key with a lone surrogate", () => store.mget([`${key}\ud800`])),
    bad("mget of a text", () => store.mget(as(long))),
    bad("mget of an object", () => store.mget([as({ secret })])),
    bad("mdelete of a long key with a lone surrogate", () => store.mdelete([`\ud800${key}`])),
    bad("stat of a wrong key", () => store.stat(as([[secret]]))),
    bad("mset of a text", () => store.mset([[key, as(secret)]])),
    bad("mset of a list", () => store.mset([[key, as([secret, ...value])]])),
    bad("mset of an object", () => store.mset([["k", as({ token: secret, toString: () => secret })]])),
    bad("mset of an ArrayBuffer", () => store.mset([["k", as(value.buffer)]])),
    bad("mset of a pair that is a text", () => store.mset([as(secret)])),
    bad("mset of a long key with a lone surrogate", () => store.mset([[`${key}\udc00`, value]])),
    bad("mset with a bad ttl", () => store.mset([[key, value]], { ttl: -1 })),
    bad("mset with a ttl that is a text", () => store.mset([["k", value]], { ttl })),
    bad("yieldKeys of a long prefix with a lone surrogate", () => firstStep(store.yieldKeys(`${long}\ud800`))),
    bad("a store with a long malformed namespace", () => context.open({ namespace: `${long}/` })),
  ];
  if (claims.sharedBackend) calls.push(bad("clear()", () => store.clear()));
  if (claims.conditionalSet) {
    calls.push(bad("setIf with a bad condition", () => store.setIf([[key, value]], as(long))));
  } else calls.push(bad("setIf", () => store.setIf([["k", value]], "absent"), "unsupported"));
  if (claims.maxKeyBytes !== null) {
    const longer = long.repeat(Math.ceil(claims.maxKeyBytes / long.length) + 1);
    calls.push(bad("mset of a key that is too long", () => store.mset([[longer, value]]), "too_large"));
  }
  const bounded = await context.bounded({ maxBytes: 1_000 });
  if (bounded !== undefined) {
    const large = new TextEncoder().encode(secret.repeat(200));
    calls.push(bad("mset that cannot fit", () => bounded.mset([[key, large]]), "too_large"));
  }
  const closed = whole(await context.open());
  await closed.close();
  calls.push(bad("mset on a closed store", () => closed.mset([[key, value]]), "closed"));
  calls.push(bad("mget on a closed store", () => closed.mget([key]), "closed"));
  return calls;
}

export const errors = {
  async "E1-typed"(context) {
    const long = context.random.word(10_000);
    for (const { what, code, run } of await failingCalls(context, long, "a value")) {
      const error = await refused(run, code, what);
      same(Object.prototype.toString.call(error), "[object Error]", `${what}, what kind of object it failed with`);
      same(typeof error.message, "string", `${what}, type of the message`);
      const { length } = error.message;
      check(length > 0 && length < 600, `${what}: the message has ${length} characters`);
      check(Object.hasOwn(CODES, error.code), `${what}: ${show(error.code)} is no code`);
      same(typeof error.retryable, "boolean", `${what}, type of retryable`);
      // Trying the same wrong call again is never of use.
      same(error.retryable, false, `${what}, retryable`);
    }
  },

  async "E2-rejects"(context) {
    const store = whole(context.store);
    const trap = ["a"];
    Object.defineProperty(trap, 0, {
      get: () => {
        throw new Error("a getter of the caller's");
      },
    });
    const { signal } = abortedSignal(new Error("aborted"));
    const lists: unknown[] = [undefined, null, 5, "a", [5], [null], ["\ud800"], {}, trap, [trap], Symbol("a")];
    const optionses: unknown[] = [undefined, { signal }, { ttl: -1 }];
    const callAll = async (state: string) => {
      for (const list of lists) {
        for (const given of optionses) {
          const [keys, pairs, prefix] = [list as string[], list as [string, Uint8Array][], list as string];
          const options = given as { signal: AbortSignal };
          await promised(() => store.mget(keys, options), `mget ${state}`);
          await promised(() => store.mset(pairs, options), `mset ${state}`);
          await promised(() => store.mdelete(keys, options), `mdelete ${state}`);
          await promised(() => store.stat(keys, options), `stat ${state}`);
          await promised(() => store.setIf(pairs, "absent", options), `setIf ${state}`);
          await promised(() => store.setIf([], list as "absent", options), `setIf ${state}`);
          let generator: AsyncGenerator<string, unknown, undefined> | undefined;
          const made = await outcome(() => {
            generator = held(store.yieldKeys(prefix, options));
          });
          check(made.ok, `yieldKeys ${state} threw ${made.ok ? "" : show(made.error)} before its first step`);
          const step = await promised(() => generator?.next(), `the first step of yieldKeys ${state}`);
          if (!step.ok)
            same((await generator?.next())?.done, true, `done of the step after the one that failed, ${state}`);
        }
      }
      await promised(() => store.clear(signal as unknown as object), `clear ${state}`);
      await promised(() => store.capabilities(), `capabilities ${state}`);
    };
    await callAll("with bad arguments");
    await promised(() => store.close(), "close");
    await callAll("on a closed store");
    await promised(() => store.close(), "close on a closed store");
  },

  async "E3-no-values"(context) {
    const secret = `sk-${context.random.word(24)}`;
    const long = context.random.word(10_000);
    const bytes = new TextEncoder().encode(secret);
    const forms = [secret, Array.from(bytes).slice(0, 6).join(","), Array.from(bytes).slice(0, 6).join(", ")];
    forms.push(Array.from(bytes.slice(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join(""));
    for (const { what, run } of await failingCalls(context, long, secret)) {
      const end = await outcome(run);
      check(!end.ok, `${what}: went through`);
      const error = end.error as TypedError;
      const texts = [
        error?.message,
        String(error),
        JSON.stringify(error),
        (error?.cause as Error | undefined)?.message,
      ];
      for (const text of texts) {
        if (typeof text !== "string") continue;
        for (const form of forms) check(!text.includes(form), `${what}: the error holds the value: ${show(text)}`);
        const at = longestShared(text, long);
        check(at <= MOST_OF_A_KEY, `${what}: the error holds ${at} characters of a key`);
      }
    }
  },
} satisfies SomeRules;

/** Ends the rule unless `call` gives a promise, whatever becomes of it. */
async function promised(call: () => unknown, what: string) {
  let promise: unknown;
  try {
    promise = call();
  } catch (error) {
    check(false, `${what}: threw ${show(error)} instead of rejecting`);
  }
  const then: unknown = (promise as { then?: unknown } | undefined)?.then;
  same(typeof then, "function", `${what}, type of the then of what it returned`);
  return outcome(() => promise);
}

/** The length of the longest piece of `key` in `text`, as far as it matters. */
function longestShared(text: string, key: string): number {
  const piece = MOST_OF_A_KEY + 1;
  for (let at = 0; at + piece <= text.length; at++) if (key.includes(text.slice(at, at + piece))) return piece;
  return 0;
}
