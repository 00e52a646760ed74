/**
 * Where the wasm comes from. Each entry of the package provides its own source at import, which costs nothing: bytes
 * are decoded and compiled by the first call.
 */

/**
 * `WebAssembly.Module`, for compilers whose library knows of it: Node's types do not. It is declared without members, so
 * that it alone would take a number too.
 */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module & object
  : object;

/** Anything that wasm can be made of. */
export type WasmInput = WasmBytes | Promise<WasmBytes>;

/** Where wasm is, its bytes, or its module. */
export type WasmBytes = URL | string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | WasmModule | Response;

/** How an entry gives its wasm. */
export interface WasmSource {
  /** The module, where it is there at once: the first call then instantiates without waiting. */
  readonly module?: WasmModule;
  /** Else the bytes, the module, or what they can be fetched from. */
  load?(): Promise<WasmInput>;
  /** Whether what compiles may be awaited by several requests: not at the edge. */
  readonly shareable: boolean;
  /** Whether requests must not wait for each other at all: at the edge, and in Workers. */
  readonly isolated?: boolean;
}

/** Where one wasm module of the package comes from. */
export class WasmPlace {
  #provided: WasmSource | undefined;

  /** What the module is made of, if anything was provided. */
  get source(): WasmSource | undefined {
    return this.#provided;
  }

  /** Whether requests must not wait for each other: each call then stands alone. */
  get isIsolated(): boolean {
    return this.#provided?.isolated ?? isWorkerd();
  }

  /** Called by an entry at import. What the caller of `init` chose stays. */
  provide(source: WasmSource): void {
    this.#provided ??= source;
  }

  /** What the caller of `initWasm` gives. */
  init(input: WasmInput): void {
    // A promise is awaited by the first call, which may come long after it has failed: until then nobody else hears of that.
    if (input instanceof Promise) input.catch(() => undefined);
    // A module of another realm, as Next's edge has them, is none to the synchronous way.
    const isModule = typeof WebAssembly === "object" && input instanceof WebAssembly.Module;
    this.#provided = isModule
      ? { module: input, shareable: true }
      : { load: async () => input, shareable: !isWorkerd() };
  }
}

/** The stores' wasm. */
export const stores = /* @__PURE__ */ new WasmPlace();

/** Called by an entry at import. What the caller of `initWasm` chose stays. */
export function provideWasm(source: WasmSource): void {
  stores.provide(source);
}

/**
 * Tells `bytestow/slim` where its wasm is: the URL of `bytestow/bytestow.wasm` as your bundler gives it, its bytes, a
 * compiled module, or a response. To be called before the first call of any store.
 */
export function initWasm(input: WasmInput): void {
  stores.init(input);
}

/** Whether requests must not wait for each other: each call then stands alone. */
export function isIsolated(): boolean {
  return stores.isIsolated;
}

/** `bytestow/slim` knows its runtime only by what it says of itself. */
function isWorkerd(): boolean {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return navigator?.userAgent === "Cloudflare-Workers" || "EdgeRuntime" in globalThis;
}
