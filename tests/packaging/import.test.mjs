/** Importing does nothing: each entry is imported where every global it might touch is a trap. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { program } from "../support/child.mjs";
import { packageRoot } from "../support/package.mjs";

/** Traps the globals that workerd forbids at the top level, or that an import has no business with. */
const TRAPS = `
  const touched = [];
  const note = (name) => touched.push(name + " " + (new Error().stack.split("\\n")[3] ?? "").trim());
  // What Node itself needs to load modules is put back when the entry is there.
  const restore = [];
  function trap(owner, name, path = name) {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    const get = () => { note(path); return before?.get ? before.get.call(owner) : before?.value; };
    Object.defineProperty(owner, name, { configurable: true, get, set() { note(path); } });
    restore.push(() => before ? Object.defineProperty(owner, name, before) : delete owner[name]);
  }
  // Classes are there to be named ("extends", "instanceof"); making one is what is noted.
  function trapConstructor(name) {
    const before = globalThis[name];
    globalThis[name] = new Proxy(before, { construct(...args) { note("new " + name); return Reflect.construct(...args); } });
    restore.push(() => { globalThis[name] = before; });
  }
  const properties = ["indexedDB", "fetch", "process", "Buffer", "crypto", "localStorage", "caches", "navigator", "location",
    "document", "window", "self", "postMessage", "setTimeout", "setInterval", "setImmediate", "queueMicrotask",
    "requestAnimationFrame", "addEventListener", "atob", "console", "performance"];
  const constructors = ["DecompressionStream", "Blob", "Response", "Request", "AbortController", "MessageChannel", "Worker"]
    .filter((name) => name in globalThis);
`;

const imports = (url) => `
  ${TRAPS}
  // What one import needs once, and Node does lazily, is done before.
  await import("data:text/javascript,export{}");
  const before = Object.getOwnPropertyNames(globalThis).sort().join();
  for (const name of properties) trap(globalThis, name);
  for (const name of constructors) trapConstructor(name);
  trap(Math, "random", "Math.random");
  trap(Date, "now", "Date.now");
  for (const name of ["Module", "Instance", "Memory", "compile", "instantiate", "validate"]) trap(WebAssembly, name, "WebAssembly." + name);
  let failure;
  try { await import(${JSON.stringify(url)}); } catch (error) { failure = error; }
  for (const undo of restore.reverse()) undo();
  if (failure) throw failure;
  // Node's loader names process and others while it loads; only what the package itself touches counts.
  const ours = touched.filter((line) => line.includes("bytestow"));
  if (Object.getOwnPropertyNames(globalThis).sort().join() !== before) ours.push("a global was added");
  console.log(JSON.stringify(ours));
  console.log(touched.length);
`;

for (const entry of ["entry/default", "entry/slim", "testing/index"]) {
  test(`importing dist/${entry}.js touches nothing`, async () => {
    const { code, stdout, stderr } = await program(
      imports(pathToFileURL(join(packageRoot(), "dist", `${entry}.js`)).href),
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout.split("\n")[0]), []);
  });
}

test("the traps see what is touched at import", async () => {
  const url = "data:text/javascript,/*bytestow*/indexedDB;Math.random();new Blob();setTimeout(()=>{});crypto";
  const { code, stdout, stderr } = await program(imports(url));
  assert.equal(code, 0, stderr);
  const touched = JSON.parse(stdout.split("\n")[0])
    .map((line) => line.split(" data:")[0])
    .join();
  for (const name of ["indexedDB", "Math.random", "new Blob", "setTimeout", "crypto"])
    assert.ok(touched.includes(name), name);
});

test("constructing stores touches nothing, and no wasm", async () => {
  const url = pathToFileURL(join(packageRoot(), "dist", "index.js")).href;
  const source = `
    const { InMemoryByteStore, IndexedDBByteStore, WrappedByteStore } = await import(${JSON.stringify(url)});
    ${TRAPS}
    for (const name of properties) trap(globalThis, name);
    for (const name of ["Module", "Instance", "compile", "instantiate"]) trap(WebAssembly, name, "WebAssembly." + name);
    new InMemoryByteStore({ namespace: "a", ttl: 1, onEvent() {}, now: () => 0 });
    new IndexedDBByteStore({ name: "a", namespace: "a", onEvent() {}, recover: "recreate", fallback: "memory" });
    const store = new WrappedByteStore({ store: new InMemoryByteStore() });
    JSON.stringify(store), store.stats(), store.lc_id;
    for (const undo of restore.reverse()) undo();
    console.log(JSON.stringify(touched));
  `;
  const { code, stdout, stderr } = await program(source);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), []);
});
