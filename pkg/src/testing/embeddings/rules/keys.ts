import { check, fail, outcome, same, show } from "../../expect.js";
import { gives, sameTexts, sameVector, sameVectors } from "../expect.js";
import type { CacheKeyEncoder } from "../harness.js";
import type { SomeCacheRules } from "./body.js";

/** What LangChain's own caches make of texts, behind their namespace. Python's were made by its `hashlib` and `uuid`. */
const DIGESTS: Partial<Record<CacheKeyEncoder, Record<string, string>>> = {
  // Of `sha256` of `@langchain/core`, which is not SHA-256.
  "langchain-js": {
    "": "ae965411e69fcf4bb15a2ff8b21bbd19b0b8fed5a474657e152d460ae76c51b8",
    a: "c27e4e13692b580957fd808d9160b8f6f30c796556d1dc7f18b2614d61c9709e",
    "hello world": "6839b52d85d6dd90cd25c5785a15518d0e5fc624e5b9750957d81bb04ec3d8b7",
    é: "4f2f2aefcd493dedb7cef02cd5e40b157c60019ffe895d6ce4ee21178249cf7f",
    "😀": "34c93fdcafda27fd136849b00a0d66139fd544b90e7f8b7920e1aa78141eb088",
  },
  "langchain-python-sha1": {
    "": "954df814-8333-5939-8060-cfa363855605",
    a: "c9ac368d-25c3-5c37-9de5-9c15df8c68ae",
    "hello world": "1e696529-149f-5056-8be5-cac275f12197",
    é: "653d7961-02f4-5a97-af01-563655afaac2",
    "😀": "063a6bbd-d983-5b33-b1e6-921a9c2c657e",
  },
  "langchain-python-sha256": {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "hello world": "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
    "😀": "f0443a342c5ef54783a111b51ba56c938e474c32324d90c3a60c9c8e3a37e2d9",
  },
  "langchain-python-blake2b": {
    "hello world":
      "021ced8799296ceca557832ab941a50b4a11f83478cf141f51f933f653ab9fbcc05a037cddbed06e309bf334942c4e58cdf1a46e237911ccd7fcf9787cbc7fd0",
    é: "ac36d28fdffe2f04e4aa19d98f8bd88123d2555f310744ab5c998d93ab43ac8f7afe39c4f89aef5d354339e279d3d1f102ef7a0ac327bb3da14ac5f86efb745e",
  },
  "langchain-python-sha512": {
    "hello world":
      "309ecc489c12d6eb4cc40f50c902f2b4d0ed77ee511a7c7a9bcd3ca86d4cd86f989dd35bc5ff499670da34255b45b0cfd830e81f605dcf7dc5542e93ae9cd76f",
    é: "9e2ad28633f24451bd4f3c1cb20586a21a44c3aeedbdc01b9cc8fa72917ea7bd689c82b8bf1fef89b911cf8cc46fa2c1ccc10087b2094fd4d3350ecd88526a2c",
  },
};

/** The encoders of LangChain, of those that a cache claims. */
const langchains = (claimed: readonly CacheKeyEncoder[] = []) => claimed.filter((encoder) => encoder in DIGESTS);

export const keys = {
  async "K1-key-encoders"(context) {
    const { model, modelName, claims } = context;
    for (const [encoder, digests] of Object.entries(DIGESTS) as [CacheKeyEncoder, Record<string, string>][]) {
      if (!claims.keyEncoders?.includes(encoder)) {
        context.note(`the key encoder ${encoder} is not claimed: its keys are not checked`);
        const end = await outcome(() => context.open({ keyEncoder: encoder }));
        check(claims.keyEncoders === undefined || !end.ok, `the key encoder ${encoder} is not claimed, and was taken`);
        continue;
      }
      const store = await context.anotherStore();
      const cache = await context.open({ keyEncoder: encoder }, { store });
      const texts = Object.keys(digests);
      sameVectors(await cache.embedDocuments(texts), model.vectors(texts), `documents by ${encoder}`);
      const expected = Object.values(digests).map((digest) => modelName + digest);
      sameTexts([...(await context.stored(store)).keys()], expected, `keys by ${encoder}`);
      model.forget();
      const again = await context.open({ keyEncoder: encoder }, { store });
      sameVectors(await again.embedDocuments(texts), model.vectors(texts), `documents by ${encoder}, warm`);
      same(model.asked().length, 0, `texts asked again by ${encoder}`);
    }
  },

  async "K2-queries-beside-langchain"(context) {
    const { model, claims } = context;
    const encoders = langchains(claims.keyEncoders);
    if (encoders.length === 0)
      context.note("no key encoder of LangChain is claimed: queries beside it are not checked");
    for (const keyEncoder of encoders) {
      const text = context.text(keyEncoder);
      const cache = await context.open({ keyEncoder });
      for (const when of ["cold", "warm"]) {
        await gives(context, cache, [text], `a document by ${keyEncoder}, ${when}`);
        sameVector(await cache.embedQuery(text), model.vector(text, "query"), `its query by ${keyEncoder}, ${when}`);
      }
    }
  },

  async "K3-dimensions-beside-langchain"(context) {
    const { claims, modelName } = context;
    const encoders = langchains(claims.keyEncoders);
    if (encoders.length === 0 || claims.dimensions !== true) {
      context.note("LangChain's keys and the option dimensions are not both claimed: they are not checked together");
      return;
    }
    for (const keyEncoder of encoders) {
      const text = context.text(keyEncoder);
      for (const dimensions of [4, 8, 4]) {
        const model = context.anotherModel(modelName, dimensions);
        const cache = await context.open({ keyEncoder, dimensions }, { model });
        const end = await outcome(() => cache.embedDocuments([text]));
        if (!end.ok) fail(`${dimensions} dimensions by ${keyEncoder}: ${show(end.error)}`);
        sameVectors(end.value, model.vectors([text]), `${dimensions} dimensions by ${keyEncoder}`);
      }
    }
  },
} satisfies SomeCacheRules;
