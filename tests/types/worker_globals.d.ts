/**
 * The globals of the web that a Workers program declares (there by `@cloudflare/workers-types`), as far as the public
 * types name them. Kept to the least: a type that the package begins to need fails here first.
 */

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
}
declare class URL {
  constructor(url: string, base?: string);
  readonly href: string;
}
declare class Response {
  arrayBuffer(): Promise<ArrayBuffer>;
}
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
}
