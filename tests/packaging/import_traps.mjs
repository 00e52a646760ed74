/** A script that makes a trap of every global that an import has no business with, for any runtime. */

/** Read or called, these are noted. */
const PROPERTIES = [
  "indexedDB", "fetch", "process", "Buffer", "crypto", "localStorage", "sessionStorage", "caches", "navigator",
  "postMessage", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame",
  "addEventListener", "atob", "console", "performance", "Deno", "Bun", "EdgeRuntime", "reportError", "scheduler",
]; // biome-ignore format: a list
/** Named, these do nothing ("extends", "instanceof"); making one is noted. */
const CLASSES = [
  "DecompressionStream", "Blob", "Response", "Request", "Headers", "AbortController", "MessageChannel",
  "BroadcastChannel", "Worker", "SharedWorker", "XMLHttpRequest", "WebSocket", "EventSource", "EventTarget",
]; // biome-ignore format: a list
const OF_WASM = ["Module", "Instance", "Memory", "Table", "compile", "instantiate", "compileStreaming", "instantiateStreaming", "validate"]; // biome-ignore format: a list

function setTraps(properties, classes, ofWasm) {
  const touched = [];
  const theirs = [];
  const untrappable = [];
  const undo = [];
  Error.stackTraceLimit = 50;
  const [ours, peers] = [/\/bytestow\//, /\/(?:node_modules|langchain)\//];
  const note = (name) => {
    // Loaders touch what they like; what a package touches has it on the stack. Whoever is nearest is at it.
    const frame = new Error().stack.split("\n").find((line) => ours.test(line) || peers.test(line)) ?? "";
    if (ours.test(frame)) touched.push(name);
    else if (peers.test(frame) && !theirs.includes(name)) theirs.push(name);
  };
  const put = (owner, name, descriptor, before) => {
    if (before?.configurable === false) {
      untrappable.push(name);
      return;
    }
    Object.defineProperty(owner, name, { configurable: true, ...descriptor });
    undo.push(() => (before ? Object.defineProperty(owner, name, before) : delete owner[name]));
  };
  const trap = (owner, name, path) => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    const value = before === undefined ? owner[name] : undefined;
    const get = () => {
      note(path);
      if (before === undefined) return value;
      return before.get ? before.get.call(owner) : before.value;
    };
    put(owner, name, { get, set: () => note(path) }, before);
  };
  const names = () => Object.getOwnPropertyNames(globalThis).sort().join();
  const there = names();
  for (const name of properties) trap(globalThis, name, name);
  for (const name of classes.filter((each) => each in globalThis)) {
    const original = globalThis[name];
    const construct = (...args) => {
      note(`new ${name}`);
      return Reflect.construct(...args);
    };
    put(
      globalThis,
      name,
      { value: new Proxy(original, { construct }), writable: true },
      Object.getOwnPropertyDescriptor(globalThis, name),
    );
  }
  for (const name of ofWasm.filter((each) => each in WebAssembly)) trap(WebAssembly, name, `WebAssembly.${name}`);
  trap(Math, "random", "Math.random");
  trap(Date, "now", "Date.now");
  globalThis.untrap = () => {
    delete globalThis.untrap;
    for (const each of undo.reverse()) each();
    const now = names();
    const added = now.split(",").filter((name) => !there.split(",").includes(name));
    if (now !== there) touched.push(`globals changed: ${added}`);
    return { touched, theirs: theirs.sort(), untrappable };
  };
}

/**
 * The script: it adds `untrap()`, which takes the traps away and gives what the package touched, what the packages did
 * that it needs, and what no trap could be made of. */
export const TRAPS = `(${setTraps})(${[PROPERTIES, CLASSES, OF_WASM].map((list) => JSON.stringify(list)).join(", ")});\n`;

/** A module that touches things when it is imported: it has to be caught, or the traps are worth nothing. */
export const TOUCHES = `
  indexedDB; Math.random(); setTimeout(() => {}); crypto; Date.now(); process;
  try { new Blob(); } catch {}
  try { new WebAssembly.Module(new Uint8Array()); } catch {}
  globalThis.leftBehind = 1;
`.replace(/(indexedDB|crypto|process);/g, "globalThis.$1;");
/** What the traps say of {@link TOUCHES}. */
export const TOUCHED = ["indexedDB", "Math.random", "setTimeout", "crypto", "Date.now", "process", "new Blob", "WebAssembly.Module", "globals changed: leftBehind"]; // biome-ignore format: a list
