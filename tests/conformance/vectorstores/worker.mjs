// The Worker of the suite in workerd. Each request does one thing: a rule, or a step of a test across requests.

import { InMemoryByteStore } from "bytestow";
import { ByteStoreVectorStore } from "bytestow/vectorstores";
import { runTask } from "./stores.mjs";

/** A model of letters. */
const letters = {
  async embedDocuments(texts) {
    return texts.map((text) => [text.length, text.charCodeAt(0), 1]);
  },
  embedQuery: async (text) => [text.length, text.charCodeAt(0), 1],
};

/** A byte store that answers by a timer of the request that asks it. */
class Slowly {
  #store = new InMemoryByteStore();
  asked = 0;

  async #wait() {
    this.asked++;
    await scheduler.wait(100);
  }

  async mget(keys) {
    await this.#wait();
    return this.#store.mget(keys);
  }

  async mset(pairs) {
    await this.#wait();
    return this.#store.mset(pairs);
  }

  async mdelete(keys) {
    await this.#wait();
    return this.#store.mdelete(keys);
  }

  async *yieldKeys(prefix) {
    await this.#wait();
    yield* this.#store.yieldKeys(prefix);
  }
}

const below = new Slowly();
/** A vector store of the module: every request of the isolate has the same. */
const store = new ByteStoreVectorStore(letters, { store: below, model: "letters", refresh: 0 });
const calls = {
  add: (text) => store.addDocuments([{ pageContent: text, metadata: {} }], [text]),
  search: async (text) => (await store.similaritySearch(text, 9)).map(({ pageContent }) => pageContent).sort(),
};

const steps = {
  rule: runTask,
  /** Makes a call and answers the request at once: nobody awaits the call, and its request is over. */
  leave({ call, text }) {
    calls[call](text).catch(() => {});
    return "left";
  },
  call: ({ call, text }) => calls[call](text),
};

export default {
  async fetch(request) {
    const { step, ...given } = await request.json();
    try {
      return Response.json({ value: await steps[step](given) });
    } catch (error) {
      return Response.json({ error: `${error?.name} ${error?.code ?? ""}: ${error?.message}` });
    }
  },
};
