// The Worker of the suite in workerd. Each request does one thing: a rule, or a step of a test across requests.

import { InMemoryByteStore } from "bytestow";
import { CacheBackedEmbeddings } from "bytestow/embeddings";
import { runTask } from "./caches.mjs";

/** A model that answers by a timer of the request that it was called in. */
const slowly = {
  asked: 0,
  async embedDocuments(texts) {
    this.asked++;
    await scheduler.wait(100);
    return texts.map((text) => [text.length, 1]);
  },
  async embedQuery(text) {
    this.asked++;
    await scheduler.wait(100);
    return [text.length, 2];
  },
};

/** A cache of the module: every request of the isolate has the same. */
const cache = new CacheBackedEmbeddings({ embeddings: slowly, store: new InMemoryByteStore(), model: "slowly" });
const calls = {
  documents: (text) => cache.embedDocuments([text]),
  query: (text) => cache.embedQuery(text),
};

const steps = {
  rule: runTask,
  /** Makes a call and answers the request at once: nobody awaits the call, and its request is over. */
  leave({ call, text }) {
    calls[call](text).catch(() => {});
    return "left";
  },
  call: ({ call, text }) => calls[call](text),
  asked: () => slowly.asked,
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
