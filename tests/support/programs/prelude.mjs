/**
 * What a program watches from before it imports the package: instances of wasm and what becomes of them, handlers that are
 * installed for everyone, and errors that nobody caught.
 */

/** What a module exports of a kind: the build gives names as it likes. */
export const exported = (exports, kind) => Object.values(exports).find((each) => each instanceof kind);

const instances = { made: 0, alive: 0 };
const collected = globalThis.FinalizationRegistry && new FinalizationRegistry(() => instances.alive--);

/** Memory is what an instance costs; the instance itself may go before what it exports does. */
function note(instance) {
  instances.made++;
  instances.alive++;
  collected?.register(exported(instance.exports, WebAssembly.Memory));
  return instance;
}

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct: (target, args) => note(Reflect.construct(target, args)),
});
WebAssembly.instantiate = new Proxy(WebAssembly.instantiate, {
  apply: async (target, self, args) => {
    const result = await Reflect.apply(target, self, args);
    note(result.instance ?? result);
    return result;
  },
});

const troubles = [];
const trouble = (error) => {
  troubles.push(String(error?.stack ?? error));
};
const { process } = globalThis;
if (process?.on) {
  for (const event of ["unhandledRejection", "uncaughtException", "warning"]) process.on(event, trouble);
} else {
  addEventListener("unhandledrejection", ({ reason }) => trouble(reason));
  addEventListener("error", ({ message }) => trouble(message));
}

const listened = [];
/** Open databases are closed when the page is put aside. */
const OF_THE_PAGE = ["pagehide", "freeze", "pageshow", "resume"];
const own = globalThis.addEventListener;
/** The package is in these; drivers of browsers have listeners of their own. */
const OURS = /\/(?:page|worker)\.js|\/dist\//u;
if (own !== undefined) {
  globalThis.addEventListener = function (event, ...rest) {
    const callers = new Error().stack
      .split("\n")
      .filter((line) => OURS.test(line) && !line.includes("addEventListener"));
    if (callers.length > 0 && !OF_THE_PAGE.includes(event)) listened.push(event);
    return own.call(this ?? globalThis, event, ...rest);
  };
}
const handlers = () => ({
  ...Object.fromEntries((process?.eventNames?.() ?? []).map((name) => [String(name), process.listenerCount(name)])),
  onerror: globalThis.onerror ?? null,
  onunhandledrejection: globalThis.onunhandledrejection ?? null,
});
const before = JSON.stringify(handlers());

/** Handlers for everyone that were installed since: the package's own doing. */
function installed() {
  const now = JSON.stringify(handlers());
  return now === before ? listened : [...listened, `${before} → ${now}`];
}

/** What every program is asked for besides its own steps. */
export const watched = { instances: () => ({ ...instances }), troubles: () => troubles, installed, exported };
