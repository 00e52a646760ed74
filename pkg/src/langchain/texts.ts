/** The texts of a call on their way to wasm. */

import { isWellFormed, joined, type KeyBatch } from "../core/arguments.js";
import { invalid, kindOf } from "../core/error.js";

/** Checks the texts of a call and joins them. A lone surrogate, which a chunker may leave, becomes U+FFFD. */
export function textBatch(texts: unknown, name: string): KeyBatch {
  if (!Array.isArray(texts)) throw invalid(`${name} must be an array of strings, not ${kindOf(texts)}`);
  const lengths = new Uint32Array(texts.length);
  const sound: string[] = [];
  for (let at = 0; at < texts.length; at++) {
    const text = soundText(texts[at], `${name}[${at}]`);
    lengths[at] = text.length;
    sound.push(text);
  }
  return { joined: joined(sound, "texts"), lengths };
}

/** Checks one text; see `textBatch`. */
export function soundText(text: unknown, name: string): string {
  if (typeof text !== "string") throw invalid(`${name} must be a string, not ${kindOf(text)}`);
  return isWellFormed(text) ? text : text.replace(/\p{Surrogate}/gu, "\ufffd");
}
