import type { StoreEvent } from "../../../types.js";
import { check, equalBytes, same, show } from "../../expect.js";
import type { CacheContext } from "../context.js";
import { settle } from "../context.js";
import { givesAsking, sameVectors } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

/** What to put in the place of a good entry. */
type Harm = (good: Uint8Array) => Uint8Array;

const utf8 = (text: string) => new TextEncoder().encode(text);

/**
 * Puts something else into the place of each entry. Ends the rule unless the vectors are asked for again, are right, and
 * stand in the store as before; and unless an event tells of each.
 */
async function mended(context: CacheContext, harms: Record<string, Harm>): Promise<void> {
  const { model, store, claims } = context;
  const texts = context.texts(3);
  await (await context.open()).embedDocuments(texts);
  const good = await context.stored();
  same(good.size, texts.length, "entries in the store");
  for (const [name, harm] of Object.entries(harms)) {
    await store.mset([...good].map(([key, value]) => [key, harm(value)]));
    const { events, onEvent } = context.events();
    const cache = await context.open(claims.events ? { onEvent } : {});
    await givesAsking(context, cache, texts, texts, `over ${name}`);
    const now = await context.stored();
    for (const [key, value] of good) {
      const entry = now.get(key);
      check(
        entry !== undefined && equalBytes(entry, value),
        `${name}: ${show(entry)} was not overwritten by ${show(value)}`,
      );
    }
    await settle();
    if (claims.events) tellsOfCorrupt(events, [...good.keys()], name);
    model.forget();
    sameVectors(await (await context.open()).embedDocuments(texts), model.vectors(texts), `after ${name}`);
    same(model.asked().length, 0, `texts asked again after ${name}`);
  }
  if (!claims.events) context.note("events is not claimed: that a corrupt entry is told of is not checked");
}

function tellsOfCorrupt(events: StoreEvent[], keys: string[], name: string): void {
  const corrupt = events.filter((event) => event.type === "corrupt");
  same(corrupt.length, keys.length, `events of type "corrupt" over ${name}`);
  for (const { key, reason } of corrupt) {
    // It may be cut short, and stand in quotation marks.
    const shown = key.replace(/^"/u, "").replace(/"?(?:\.\.\.|…)?$/u, "");
    check(
      shown !== "" && keys.some((known) => known.startsWith(shown)),
      `${name}: an event names the key ${show(key)}`,
    );
    check(reason.length > 0, `${name}: an event gives no reason`);
  }
}

export const foreign = {
  async "F1-noise"(context) {
    const { random } = context;
    const harms: Record<string, Harm> = { "no bytes": () => new Uint8Array(0) };
    for (const length of [1, 2, 7, 8, 9, 40, 1_000])
      harms[`${length} bytes of noise`] = () => noise(random.bytes(length));
    harms["noise as long as the entry"] = (good) => noise(random.bytes(good.length));
    harms["zeros as long as the entry"] = (good) => new Uint8Array(good.length);
    harms.text = () => utf8("not a vector, but text");
    await mended(context, harms);
  },

  async "F2-cut"(context) {
    await mended(context, {
      "an entry without its last byte": (good) => good.slice(0, -1),
      "half of an entry": (good) => good.slice(0, good.length >> 1),
      "the first byte of an entry": (good) => good.slice(0, 1),
      "an entry without its first byte": (good) => good.slice(1),
      "an entry and one byte more": (good) => Uint8Array.of(...good, 0),
      "an entry twice": (good) => Uint8Array.of(...good, ...good),
    });
  },

  async "F3-other-version"(context) {
    if (!context.claimed("header", "an entry of another version")) return;
    const changed =
      (at: number, value: number): Harm =>
      (good) => {
        const bytes = good.slice();
        bytes[at] = value;
        return bytes;
      };
    await mended(context, {
      "an entry of version 2": changed(2, 2),
      "an entry of version 0": changed(2, 0),
      "an entry of version 255": changed(2, 255),
      "an entry of kind 0": changed(3, 0),
      "an entry of kind 9": changed(3, 9),
      "an entry with another first byte": changed(0, 0),
      "an entry with another second byte": changed(1, 0),
      "an entry that says it has more numbers": changed(4, 255),
      "an entry that says it has very many numbers": changed(7, 255),
    });
  },

  async "F4-json-garbage"(context) {
    const texts = [
      "{}",
      "null",
      '"text"',
      "[",
      "[1,2",
      "[1,,2]",
      '["1","2"]',
      "[null]",
      "[[1,2]]",
      "[]",
      "[1,2]x",
      "[1e999]",
    ];
    texts.push('{"vector":[1,2]}', "[true]", "[NaN]", "[0x10]", "[1,]", "[-]", "[1 2]");
    const harms: Record<string, Harm> = {};
    for (const text of texts) harms[`the text ${text}`] = () => utf8(text);
    harms["JSON that is no UTF-8"] = () => Uint8Array.of(0x5b, 0x31, 0xff, 0x5d);
    await mended(context, harms);
  },

  async "F5-less-exact"(context) {
    const { model, claims } = context;
    const order = (["int8", "f16", "f32", "f64"] as const).filter((each) => claims.precisions?.includes(each));
    if (order.length < 2) {
      context.note("fewer than two precisions are claimed: an entry of another one is not checked");
      return;
    }
    model.wide = true;
    for (const kept of order) {
      for (const wanted of order) {
        if (kept === wanted) continue;
        const texts = context.texts(3, `${kept}, then ${wanted}`);
        const name = `${context.modelName} ${kept} ${wanted}`;
        const open = (precision: typeof kept, other = name) => context.open({ precision, model: other });
        const right = await (await open(wanted, `${name} alone`)).embedDocuments(texts);
        const first = await (await open(kept)).embedDocuments(texts);
        const then = await (await open(wanted)).embedDocuments(texts);
        // What was kept more exactly may be rounded to what is wanted: to what of a number, does not matter then.
        if (order.indexOf(kept) < order.indexOf(wanted)) sameVectors(then, right, `${wanted} over entries of ${kept}`);
        else near(then, right, first, `${wanted} over entries of ${kept}`);
        model.forget();
        sameVectors(await (await open(wanted)).embedDocuments(texts), then, `${wanted} again`);
        same(model.asked().length, 0, `texts asked again at ${wanted}, after entries of ${kept}`);
      }
    }
  },

  async "F6-json-read"(context) {
    if (!context.claimed("json", "LangChain's entries in JSON")) return;
    const { model, store } = context;
    const texts = context.texts(3);
    const vectors = model.vectors(texts);
    const cache = await context.open();
    await cache.embedDocuments(texts);
    const entries = await context.stored();
    // Which entry is which text's, a cache that keeps one of them shows.
    const keys: string[] = [];
    for (const text of texts) {
      const alone = await context.anotherStore();
      await (await context.open({}, { store: alone })).embedDocuments([text]);
      const [key] = [...(await context.stored(alone)).keys()];
      check(key !== undefined && entries.has(key), "a text has two keys in two stores");
      keys.push(key);
    }
    const forms: Record<string, (vector: number[]) => string> = {
      "as JavaScript writes it": (vector) => JSON.stringify(vector),
      "as Python writes it": (vector) => `[${vector.join(", ")}]`,
      "with a newline behind it": (vector) => `${JSON.stringify(vector)}\n`,
    };
    for (const [name, form] of Object.entries(forms)) {
      await store.mset(keys.map((key, at) => [key, utf8(form(vectors[at] as number[]))]));
      await givesAsking(context, await context.open(), texts, [], `JSON ${name}`);
    }
  },

  async "F7-json-written"(context) {
    if (!context.claimed("json", 'valueFormat "json"')) return;
    const text = context.text();
    const [vector] = await (await context.open({ valueFormat: "json" })).embedDocuments([text]);
    const [entry] = [...(await context.stored()).values()];
    const said = new TextDecoder("utf-8", { fatal: true }).decode(entry);
    sameVectors([JSON.parse(said)], [vector as number[]], `the entry ${said}`);
    for (const valueFormat of ["json", "binary"] as const) {
      await givesAsking(
        context,
        await context.open({ valueFormat }),
        [text],
        [],
        `read by a cache that writes ${valueFormat}`,
      );
    }
    const other = context.text();
    await (await context.open({ valueFormat: "binary" })).embedDocuments([other]);
    await givesAsking(
      context,
      await context.open({ valueFormat: "json" }),
      [other],
      [],
      "binary, read by one that writes JSON",
    );
  },
} satisfies SomeCacheRules;

/** Noise that is not by chance the beginning of something: neither JSON nor a header begins with these bytes. */
function noise(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0) bytes[0] = 0x80 | ((bytes[0] as number) & 0x0f);
  return bytes;
}

/** Ends the rule unless each vector is the right one, or that of its more exact first form, as far as both can tell. */
function near(actual: number[][], right: number[][], first: number[][], what: string): void {
  for (const [at, vector] of actual.entries()) {
    const largest = Math.max(...(right[at] as number[]).map(Math.abs));
    for (const [place, number] of vector.entries()) {
      const bound = Math.abs((right[at]?.[place] as number) - (first[at]?.[place] as number)) + largest * 0.01;
      const off = Math.abs(number - (right[at]?.[place] as number));
      check(off <= bound, `${what}: number ${place} of vector ${at} is ${number}, off by ${off}`);
    }
  }
}
