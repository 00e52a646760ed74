/** What a filter asks of one field, and whether a document's metadata says so. */

import { invalid, kindOf } from "../../../core/error.js";

/** A question to one field. Whatever turns it round stands above it. */
export interface Leaf {
  /** The name of the field. */
  field: string;
  operator: "$eq" | "$in" | "$gt" | "$gte" | "$lt" | "$lte" | "$exists";
  /** The operand, as JSON keeps it. */
  wanted: unknown;
  /** Whether it asks for no object and no array. */
  isPlain: boolean;
  /** What tells it from others. */
  key: string;
  /** Whether no metadata can answer yes. */
  isNever: boolean;
  /** Whether metadata answers yes. */
  holds(metadata: object): boolean;
}

/** The leaf of an operator and its operand, which is checked. `place` names it, for the error. */
export function leafOf(field: string, operator: Leaf["operator"], operand: unknown, place: string): Leaf {
  const wanted = operandOf(operator, operand, place);
  const asks = questionOf(operator, wanted);
  const reach = reachOf(field);
  const values = operator === "$in" ? (wanted as unknown[]) : [wanted];
  return {
    field,
    operator,
    wanted,
    isPlain: !values.some((value) => typeof value === "object" && value !== null),
    key: JSON.stringify([field, operator, wanted]),
    isNever: values.length === 0,
    holds: (metadata) => reach(metadata, asks),
  };
}

/** Whether a value at a field of metadata answers yes: there may be several, and they are asked until one does. */
export type Reach = (metadata: object, asks: (value: unknown) => boolean) => boolean;

/** What leads to the field of a name. */
export function reachOf(field: string): Reach {
  const path = field.split(".");
  return (metadata, asks) => {
    if (Object.hasOwn(metadata, field)) return asks((metadata as Record<string, unknown>)[field]);
    return path.length > 1 && holdsAt(metadata, path, 0, asks);
  };
}

function operandOf(operator: Leaf["operator"], operand: unknown, place: string): unknown {
  switch (operator) {
    case "$exists":
      return true;
    case "$in":
      if (!Array.isArray(operand)) throw invalid(`${place} must be an array, not ${kindOf(operand)}`);
      return operand.map((each: unknown, at) => asKept(each, `${place}[${at}]`));
    case "$eq":
      return asKept(operand, place);
    default: {
      const value = operand instanceof Date ? asKept(operand, place) : operand;
      if (typeof value === "string" || (typeof value === "number" && Number.isFinite(value))) return value;
      throw invalid(`${place} must be a number, a text or a date, not ${kindOf(operand)}`);
    }
  }
}

/** A value as JSON keeps it, so that what is asked for can be what is there. */
function asKept(value: unknown, place: string): unknown {
  const simple = typeof value === "string" || typeof value === "boolean" || value === null;
  if (simple || (typeof value === "number" && Number.isFinite(value))) return value;
  try {
    const text = typeof value === "object" ? JSON.stringify(value) : undefined;
    if (text !== undefined && text !== "null") return JSON.parse(text) as unknown;
  } catch {
    // It is named below.
  }
  const given = typeof value === "number" ? `${value}` : kindOf(value);
  throw invalid(`${place} is ${given}, which JSON cannot hold: no document has it`);
}

function questionOf(operator: Leaf["operator"], wanted: unknown): (value: unknown) => boolean {
  switch (operator) {
    case "$exists":
      return () => true;
    case "$eq":
      return (value) => meets(value, (each) => equal(each, wanted));
    case "$in": {
      const [simple, others] = [new Set<unknown>(), [] as unknown[]];
      for (const each of wanted as unknown[]) {
        if (typeof each === "object" && each !== null) others.push(each);
        else simple.add(each);
      }
      const among = (value: unknown) => simple.has(value) || others.some((each) => equal(value, each));
      return (value) => meets(value, among);
    }
    default: {
      const compare = COMPARISONS[operator] as (a: never, b: never) => boolean;
      return (value) =>
        meets(value, (each) => typeof each === typeof wanted && compare(each as never, wanted as never));
    }
  }
}

/** What compares a value with the operand. */
export const COMPARISONS: Record<string, (a: number, b: number) => boolean> = {
  $gt: (a, b) => a > b,
  $gte: (a, b) => a >= b,
  $lt: (a, b) => a < b,
  $lte: (a, b) => a <= b,
};

/** Whether a value, or one of its items if it is an array, answers yes. */
function meets(value: unknown, question: (value: unknown) => boolean): boolean {
  return question(value) || (Array.isArray(value) && value.some(question));
}

/**
 * Whether a value at the end of a path answers yes, dots leading into objects. A list on the way is each of its objects, and
 * what a number stands for: as MongoDB has it, so that a list in a list leads nowhere.
 */
function holdsAt(value: unknown, path: readonly string[], at: number, asks: (value: unknown) => boolean): boolean {
  if (typeof value !== "object" || value === null) return false;
  const name = path[at] as string;
  const isLast = at === path.length - 1;
  const below = (next: unknown) => (isLast ? asks(next) : holdsAt(next, path, at + 1, asks));
  const named = (within: object) => Object.hasOwn(within, name) && below(within[name as never]);
  if (!Array.isArray(value)) return named(value);
  const objects = value.filter((item) => typeof item === "object" && item !== null && !Array.isArray(item));
  return (/^\d+$/u.test(name) && named(value)) || objects.some(named);
}

/** Whether two values of JSON are the same; the order of an object's names does not matter. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equal(a[name as never], b[name as never]))
  );
}
