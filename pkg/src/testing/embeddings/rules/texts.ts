import { same } from "../../expect.js";
import { givesAsking, sameVector, sameVectors } from "../expect.js";
import type { SomeCacheRules } from "./body.js";

export const texts = {
  async "T1-empty-text"(context) {
    const { model } = context;
    const cache = await context.open();
    await givesAsking(context, cache, ["", "a", ""], ["", "a"], "the empty text among others");
    await givesAsking(context, cache, [""], [], "the empty text alone");
    for (let nth = 1; nth <= 2; nth++)
      sameVector(await cache.embedQuery(""), model.vector("", "query"), `query ${nth}`);
  },

  async "T2-long-text"(context) {
    const { model } = context;
    const long = context.text().repeat(60_000).slice(0, 1_048_576);
    const other = `${long.slice(0, -1)}#`;
    const cache = await context.open();
    await givesAsking(context, cache, [long, other, long], [long, other], "two texts of 1 MB");
    await givesAsking(context, await context.open(), [other, long], [], "the same, warm");
    sameVector(await cache.embedQuery(long), model.vector(long, "query"), "a query of 1 MB");
  },

  async "T3-lone-surrogates"(context) {
    const { model } = context;
    const cache = await context.open();
    const asked = ["a\ud800b", "\udfff", "end\ud83d", "\ud83d\ude00 whole"];
    const sound = ["a\ufffdb", "\ufffd", "end\ufffd", "\ud83d\ude00 whole"];
    for (const when of ["cold", "warm"]) {
      sameVectors(await cache.embedDocuments(asked), model.vectors(sound), `lone surrogates, ${when}`);
    }
    for (const text of model.asked())
      same(sound.includes(text), true, "a text without lone surrogates reached the model");
    same(model.asked().length, 4, "texts that the model was asked for");
    sameVector(await cache.embedQuery("q\udc00"), model.vector("q\ufffd", "query"), "a query with a lone surrogate");
  },

  async "T4-forms-apart"(context) {
    const cache = await context.open();
    const forms = [
      "é",
      "e\u0301",
      "Å",
      "\u212b",
      "ﬁ",
      "fi",
      "x",
      "X",
      " x",
      "x ",
      "x\n",
      "x\r\n",
      "x\0",
      "\0x",
      "\ufeffx",
    ];
    forms.push("__proto__", "constructor", "null", "[]", "1", "1.0", "😀", "漢字", "\uffff", "\ufffd");
    await givesAsking(context, cache, forms, forms, "texts that look alike");
    await givesAsking(context, await context.open(), forms, [], "the same, warm");
  },
} satisfies SomeCacheRules;
