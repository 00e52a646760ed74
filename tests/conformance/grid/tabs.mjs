// Stores in another tab, as a handle here: calls go over a BroadcastChannel, and are made there on a real store.

import { BytestowError, IndexedDBByteStore } from "bytestow";
import { remotes } from "./remote.mjs";

const channel = new BroadcastChannel("bytestow-grid");
const METHODS = ["mget", "mset", "mdelete", "clear", "close"];
/** What waits for an answer, by call. */
const waiting = new Map();
/** The stores that other tabs have opened here, by handle. */
const opened = new Map();

/** How many calls of other tabs have been answered here. */
let answered = 0;
export const answers = () => answered;

/** This realm's address. */
const here = crypto.randomUUID();
/** The name under which {@link answer} was called. */
let own;

/** Answers from now on what is addressed to the tab `name`. */
export function answer(name) {
  own = name;
}

/** An `IndexedDBByteStore` in the tab `tab`. */
export const remote = (tab, options) => handleIn(tab, { options });

/** A store of the kind `kind` (see `remote.mjs`) in the tab `tab`. */
export const remoteOf = (tab, kind, server, backend) => handleIn(tab, { kind, server, backend });

const open = ({ kind, server, backend, options }) =>
  kind === undefined ? new IndexedDBByteStore(options) : remotes[kind](server).open(backend);

function handleIn(tab, what) {
  const handle = crypto.randomUUID();
  const call = (method, args) => ask({ to: tab, handle, what, method, args });
  const methods = METHODS.map((method) => [method, (...args) => call(method, args)]);
  return {
    ...Object.fromEntries(methods),
    async *yieldKeys(prefix) {
      yield* await call("yieldKeys", [prefix]);
    },
  };
}

function ask(question) {
  return new Promise((resolve, reject) => {
    const id = crypto.randomUUID();
    waiting.set(id, { resolve, reject });
    channel.postMessage({ id, from: here, ...question });
  });
}

channel.addEventListener("message", ({ data }) => {
  if (data.to === here) settle(data);
  else if (data.to === own) reply(data);
});

function settle({ id, ok, value }) {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (ok) resolve(value);
  else reject(new BytestowError(value.code, value.message));
}

async function reply({ id, from, handle, what, method, args }) {
  answered++;
  if (!opened.has(handle)) opened.set(handle, open(what));
  const store = opened.get(handle);
  if (method === "close") opened.delete(handle);
  try {
    const value =
      method === "yieldKeys" ? await Array.fromAsync(store.yieldKeys(...args)) : await store[method](...args);
    channel.postMessage({ to: from, id, ok: true, value });
  } catch (error) {
    const value = { code: error?.code ?? "internal", message: String(error?.message ?? error) };
    channel.postMessage({ to: from, id, ok: false, value });
  }
}
