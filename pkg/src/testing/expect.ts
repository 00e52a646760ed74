import type { ErrorCode } from "../core/error.js";

/** What a rule throws when the store breaks it. */
export class KitFailure extends Error {
  override readonly name = "KitFailure";
}

/** Ends the rule. */
export function fail(message: string): never {
  throw new KitFailure(message);
}

/** Ends the rule unless `condition` holds. */
export function check(condition: unknown, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Anything in a few characters. Values are the kit's own noise, so that showing them gives nothing away. */
export function show(thing: unknown): string {
  if (isBytes(thing)) {
    // A detached one cannot even be looked at.
    if (thing.length === 0) return "0 bytes";
    const head = Array.from(thing.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return `${thing.length} bytes <${head}${thing.length > 12 ? " ..." : ""}>`;
  }
  if (typeof thing === "string") return clip(JSON.stringify(thing));
  if (Array.isArray(thing)) {
    const shown = thing.slice(0, 6).map(show).join(", ");
    return `[${shown}${thing.length > 6 ? `, ... ${thing.length} in all` : ""}]`;
  }
  if (typeof thing === "function") return "a function";
  if (Object.is(thing, -0)) return "-0";
  if (typeof thing === "object" && thing !== null) {
    const { name, code, message } = thing as { name?: unknown; code?: unknown; message?: unknown };
    if (typeof message === "string")
      return clip(`${String(name)}${code === undefined ? "" : ` ${String(code)}`}: ${message}`);
    return Object.prototype.toString.call(thing);
  }
  return String(thing);
}

function clip(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}... (${text.length} characters)` : text;
}

/** Whether `thing` is a Uint8Array, of whatever realm and subclass. */
export function isBytes(thing: unknown): thing is Uint8Array {
  return Object.prototype.toString.call(thing) === "[object Uint8Array]";
}

/** Ends the rule unless the two are the same. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) fail(`${what}: ${show(actual)} instead of ${show(expected)}`);
}

/** Whether two arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Ends the rule unless `actual` is a Uint8Array with just the expected bytes. */
export function sameBytes(actual: unknown, expected: Uint8Array, what: string): asserts actual is Uint8Array {
  if (!isBytes(actual)) fail(`${what}: ${show(actual)} instead of ${show(expected)}`);
  if (equalBytes(actual, expected)) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const where = actual.length === expected.length ? `, from byte ${at} on` : "";
  fail(`${what}: ${show(actual)} instead of ${show(expected)}${where}`);
}

/** Ends the rule unless `actual` is an array of just the expected values, `undefined` for a missing one. */
export function sameValues(actual: unknown, expected: readonly (Uint8Array | undefined)[], what: string): void {
  if (!Array.isArray(actual)) fail(`${what}: ${show(actual)} instead of an array`);
  same(actual.length, expected.length, `${what}, number of answers`);
  for (const [i, value] of expected.entries()) {
    if (value === undefined) absent(actual[i], `${what}[${i}]`);
    else sameBytes(actual[i], value, `${what}[${i}]`);
  }
}

/** Ends the rule unless `actual` says "missing", which is `undefined` and nothing else. */
export function absent(actual: unknown, what: string): void {
  if (actual !== undefined) fail(`${what}: ${show(actual)} instead of undefined`);
}

/** Ends the rule unless the two hold the same keys, each as often, in whatever order. */
export function sameKeys(actual: readonly unknown[], expected: readonly string[], what: string): void {
  const open = new Map<unknown, number>();
  for (const key of expected) open.set(key, (open.get(key) ?? 0) + 1);
  for (const key of actual) {
    const left = open.get(key);
    if (left === undefined) fail(`${what}: ${show(key)} does not belong there`);
    if (left === 0) fail(`${what}: ${show(key)} came more than once`);
    open.set(key, left - 1);
  }
  for (const [key, left] of open) if (left > 0) fail(`${what}: ${show(key)} is not there`);
}

/** The first step of what yieldKeys returned. A promise in its place is no generator, whatever becomes of it. */
export function firstStep(
  generator: AsyncGenerator<string, unknown, undefined>,
): Promise<IteratorResult<string, unknown>> {
  check(typeof held(generator)?.next === "function", "yieldKeys did not return an async generator");
  return generator.next();
}

/** All that a generator gives. Ends the rule if it seems never to stop. */
export async function collect(generator: AsyncGenerator<string, unknown, undefined>): Promise<string[]> {
  const keys: string[] = [];
  for (let step = await firstStep(generator); !step.done; step = await generator.next()) {
    keys.push(step.value);
    if (keys.length > 50_000) fail("yieldKeys gave 50,000 keys, and more than the store can hold");
  }
  return keys;
}

/** An error as the contract wants it; known by its members, never by its class: there may be two copies of it. */
export interface TypedError {
  name: string;
  code: ErrorCode;
  message: string;
  retryable: boolean;
  cause?: unknown;
}

/** How a call ended. */
export type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown };

/** How `call` ends; it does not matter here whether it throws or rejects (E2 asks that). */
export async function outcome(call: () => unknown): Promise<Outcome> {
  try {
    return { ok: true, value: await call() };
  } catch (error) {
    return { ok: false, error };
  }
}

/**
 * What a call returned, if a promise then one that is awaited later, or never if the rule ends before: what it rejects
 * with then is nobody's, and must not end the process. A broken store may give anything, promises for generators too.
 */
export function held<T>(returned: T): T {
  void outcome(() => returned);
  return returned;
}

/** Ends the rule unless `call` is refused with `code`, and a message that holds each of `mentions`. */
export async function refused(
  call: () => unknown,
  code: ErrorCode,
  what: string,
  ...mentions: string[]
): Promise<TypedError> {
  const end = await outcome(call);
  if (end.ok) fail(`${what}: went through (${show(end.value)}) instead of being refused as ${code}`);
  const error = end.error as TypedError;
  const typed = typeof error === "object" && error !== null && error.name === "BytestowError";
  if (!typed) fail(`${what}: failed with ${show(error)} instead of a BytestowError`);
  same(error.code, code, `${what}, code of "${clip(String(error.message))}"`);
  for (const mention of mentions) {
    const there = error.message.toLowerCase().includes(mention.toLowerCase());
    if (!there) fail(`${what}: the message does not name ${JSON.stringify(mention)}: ${show(error.message)}`);
  }
  return error;
}

/** Ends the rule unless `call` rejects with this very `reason`. */
export async function rejectedWith(call: () => unknown, reason: unknown, what: string): Promise<void> {
  const end = await outcome(call);
  if (end.ok) fail(`${what}: went through (${show(end.value)}) instead of rejecting with the signal's reason`);
  if (end.error === reason) return;
  fail(`${what}: rejected with ${show(end.error)} instead of the signal's reason ${show(reason)}`);
}
