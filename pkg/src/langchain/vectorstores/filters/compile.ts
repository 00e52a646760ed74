/** Filters of metadata as trees: what stands at the leaves is asked of one field, and worth being kept. */

import { invalid, kindOf, shown } from "../../../core/error.js";
import { type Leaf, leafOf } from "./leaf.js";

/** A filter, checked. */
export type FilterTree =
  | { kind: "leaf"; leaf: Leaf }
  | { kind: "and" | "or"; parts: FilterTree[] }
  | { kind: "not"; part: FilterTree };

/** The tree of a filter; `undefined` if it asks for nothing. */
export function compile(filter: unknown, name = "filter"): FilterTree | undefined {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) {
    throw invalid(`${name} must be an object or a function, not ${kindOf(filter)}`);
  }
  const parts: FilterTree[] = [];
  for (const [field, wanted] of Object.entries(filter)) {
    const place = `${name}.${field}`;
    if (field === "$and" || field === "$or") parts.push(joined(field, wanted, place));
    else if (field === "$not") parts.push({ kind: "not", part: compile(wanted, place) ?? ALL });
    else if (field.startsWith("$")) throw unknownOperator(field, name, ["$and", "$or", "$not"]);
    else parts.push(ofField(field, wanted, place));
  }
  return parts.length > 1 ? { kind: "and", parts } : parts[0];
}

const ALL: FilterTree = { kind: "and", parts: [] };

/** Whether a filter keeps every document, whatever metadata says: of a function nobody knows. */
export function keepsAll(filter: FilterTree | ((document: never) => unknown)): boolean {
  return typeof filter !== "function" && constantOf(filter) === true;
}

/** What a filter says of all documents alike, if it does. */
function constantOf(tree: FilterTree): boolean | undefined {
  if (tree.kind === "leaf") return tree.leaf.isNever ? false : undefined;
  if (tree.kind === "not") {
    const part = constantOf(tree.part);
    return part === undefined ? undefined : !part;
  }
  const parts = tree.parts.map(constantOf);
  const decides = tree.kind === "or";
  if (parts.includes(decides)) return decides;
  return parts.includes(undefined) ? undefined : !decides;
}

function joined(operator: "$and" | "$or", wanted: unknown, place: string): FilterTree {
  if (!Array.isArray(wanted)) throw invalid(`${place} must be an array of filters, not ${kindOf(wanted)}`);
  if (wanted.length === 0) throw invalid(`${place} must not be empty`);
  const parts = wanted.map((each: unknown, at) => compile(each, `${place}[${at}]`) ?? ALL);
  return { kind: operator === "$and" ? "and" : "or", parts };
}

/** What is asked of one field: a value, an array of values, or conditions. */
function ofField(field: string, wanted: unknown, place: string): FilterTree {
  if (Array.isArray(wanted)) return { kind: "leaf", leaf: leafOf(field, "$in", wanted, place) };
  if (!isConditions(wanted, place)) return { kind: "leaf", leaf: leafOf(field, "$eq", wanted, place) };
  const parts = Object.entries(wanted).map(([operator, operand]) => {
    const where = `${place}.${operator}`;
    switch (operator) {
      case "$eq":
      case "$in":
      case "$gt":
      case "$gte":
      case "$lt":
      case "$lte":
        return leaf(operator, operand, where);
      case "$ne":
        return not(leaf("$eq", operand, where));
      case "$nin":
        return not(leaf("$in", operand, where));
      case "$exists": {
        if (typeof operand !== "boolean") throw invalid(`${where} must be true or false, not ${kindOf(operand)}`);
        const there = leaf("$exists", true, where);
        return operand ? there : not(there);
      }
      case "$not":
        if (!isConditions(operand, where)) throw invalid(`${where} must be conditions, not ${kindOf(operand)}`);
        return not(ofField(field, operand, where));
      default:
        throw unknownOperator(operator, place, OPERATORS);
    }
  });
  return parts.length === 1 ? (parts[0] as FilterTree) : { kind: "and", parts };

  function leaf(operator: Leaf["operator"], operand: unknown, where: string): FilterTree {
    return { kind: "leaf", leaf: leafOf(field, operator, operand, where) };
  }
}

const OPERATORS = ["$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$not"];

function not(part: FilterTree): FilterTree {
  return { kind: "not", part };
}

/** Whether this is an object of operators. Half of each is neither. */
function isConditions(wanted: unknown, place: string): wanted is Record<string, unknown> {
  if (typeof wanted !== "object" || wanted === null || wanted instanceof Date || Array.isArray(wanted)) return false;
  const names = Object.keys(wanted);
  const operators = names.filter((name) => name.startsWith("$"));
  if (operators.length === 0) return false;
  if (operators.length < names.length) throw invalid(`${place} mixes operators, as ${operators[0]}, with other names`);
  return true;
}

function unknownOperator(operator: string, place: string, known: string[]) {
  return invalid(`${place} has the unknown operator ${shown(operator)}: there are ${known.join(", ")}`);
}
