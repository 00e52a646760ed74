/** The options of a vector store, checked. */

import { invalid, kindOf } from "../../core/error.js";
import { baseStore } from "../../core/foreign.js";
import { callback, checkOptions, namespace, nonEmptyText, oneOf, wholeNumber } from "../../core/options.js";
import { servesCopies } from "../../core/truth.js";
import type { Recipe } from "../../search/engine.js";
import { dimensionsOf, type Model, nameOf } from "../model.js";
import type { ByteStoreVectorStoreOptions } from "./options.js";

/** What the options come to. */
export interface Settings {
  model: string;
  recipe: Omit<Recipe, "onReset" | "onOutage">;
  /** NaN for none. */
  threshold: number;
  /** In ms. */
  refresh: number;
  onEvent: ByteStoreVectorStoreOptions["onEvent"];
  waitUntil: ByteStoreVectorStoreOptions["waitUntil"];
}

/** In the order of the binding's list. */
const INDEXES = ["int8", "binary"] as const;

/** The most seconds between two looks: as many ms as a timer could be told. */
const MOST_SECONDS = 2_147_483;

/** Checks the options of a store whose model is `model`. */
export function settingsOf(model: Model, options: unknown): Settings {
  const checked = checkOptions<ByteStoreVectorStoreOptions>("ByteStoreVectorStore", options, {
    store: baseStore,
    model: nonEmptyText,
    name: namespace,
    dimensions: wholeNumber(1),
    index: oneOf(...INDEXES),
    maxResidentBytes: wholeNumber(0),
    refresh: seconds,
    staleIfError: trueOrFalse,
    scoreThreshold: (value: unknown) => checkThreshold(value),
    onEvent: callback,
    waitUntil: callback,
    now: callback,
  });
  const { name = "vectors", index = "int8", maxResidentBytes = 64 << 20, refresh = 1, now = Date.now } = checked;
  const store = baseStore(checked.store, "store");
  const staleIfError = checked.staleIfError ?? servesCopies(store);
  const modelName = checked.model ?? nameOf(model, "model");
  const dimensions = checked.dimensions ?? dimensionsOf(model) ?? 0;
  return {
    model: modelName,
    recipe: {
      store,
      prefix: name,
      model: modelName,
      settings: [dimensions, INDEXES.indexOf(index), maxResidentBytes, refresh * 1_000, Number(staleIfError)],
      now,
    },
    threshold: checked.scoreThreshold ?? Number.NaN,
    refresh: refresh * 1_000,
    onEvent: checked.onEvent,
    waitUntil: checked.waitUntil,
  };
}

function trueOrFalse(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw invalid(`${name} must be true or false, not ${kindOf(value)}`);
  return value;
}

function seconds(value: unknown, name: string): number {
  if (typeof value !== "number") throw invalid(`${name} must be a number of seconds, not ${kindOf(value)}`);
  if (!(value >= 0 && value <= MOST_SECONDS))
    throw invalid(`${name} is ${value}: it must be from 0 to ${MOST_SECONDS}`);
  return value;
}

/** Checks a threshold; `null` is none. */
export function checkThreshold(value: unknown): number | null {
  if (value === null) return null;
  if (typeof value !== "number") throw invalid(`scoreThreshold must be a number from -1 to 1, not ${kindOf(value)}`);
  if (!(value >= -1 && value <= 1)) throw invalid(`scoreThreshold is ${value}: it must be a number from -1 to 1`);
  return value;
}

/** Checks how many documents are wanted. */
export function checkK(k: unknown, name: string): number {
  return wholeNumber(0)(k, name);
}
