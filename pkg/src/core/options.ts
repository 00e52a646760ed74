/** The options of constructors: checked at once, unknown ones refused with the nearest known name. */

import { checkText, checkTtl } from "./arguments.js";
import { invalid, kindOf, shown } from "./error.js";

type Check<T> = (value: unknown, name: string) => T;

/** A check for each option that a class knows. */
export type Checks<T> = { [K in keyof Required<T>]: Check<unknown> };

/** Checks `options` of the class `owner`; gives a copy without the ones left undefined. */
export function checkOptions<T extends object>(owner: string, options: unknown, checks: Checks<T>): T {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid(`${owner} takes an object of options, not ${kindOf(options)}`);
  }
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? (checks as Record<string, Check<unknown>>)[name] : undefined;
    if (check === undefined) {
      const nearest = nearestOf(name, Object.keys(checks));
      throw invalid(`${owner} has no option ${shown(name)}: did you mean ${shown(nearest)}?`);
    }
    if (value !== undefined) checked[name] = check(value, name);
  }
  return checked as T;
}

/** A namespace: not empty, no `/` at either end. */
export function namespace(value: unknown, name: string): string {
  const text = checkText(value, name);
  if (text === "" || text.startsWith("/") || text.endsWith("/")) {
    throw invalid(`${name} is ${shown(text)}: it must not be empty, nor begin or end with "/"`);
  }
  return text;
}

/** A default TTL in seconds. */
export function ttl(value: unknown): number {
  return checkTtl(value);
}

/** A string that is not empty. */
export function nonEmptyText(value: unknown, name: string): string {
  const text = checkText(value, name);
  if (text === "") throw invalid(`${name} must not be empty`);
  return text;
}

/** A whole number from `least` up. */
export function wholeNumber(least: number): Check<number> {
  return (value, name) => {
    if (typeof value !== "number") throw invalid(`${name} must be a number, not ${kindOf(value)}`);
    if (!Number.isSafeInteger(value) || value < least) {
      throw invalid(`${name} is ${value}: it must be a whole number, at least ${least}`);
    }
    return value;
  };
}

/** One of a few words. */
export function oneOf<T extends string>(...words: T[]): Check<T> {
  return (value, name) => {
    if (typeof value === "string" && (words as string[]).includes(value)) return value as T;
    const given = typeof value === "string" ? shown(value) : kindOf(value);
    throw invalid(`${name} is ${given}: it must be one of ${words.map((word) => `"${word}"`).join(", ")}`);
  };
}

/** A function. */
export function callback(value: unknown, name: string): unknown {
  if (typeof value !== "function") throw invalid(`${name} must be a function, not ${kindOf(value)}`);
  return value;
}

/** The known name that takes the fewest single-character edits. */
function nearestOf(name: string, known: string[]): string {
  const distances = known.map((candidate) => editDistance(name.toLowerCase(), candidate.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))] ?? "";
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
