/**
 * What LangChain's class needs of the web besides `AbortSignal`: its `caller` is typed after `fetch`. The cache's own types
 * do without it; where there is no such global, LangChain's declarations do not compile, and so nothing that extends them.
 */

declare function fetch(url: string | URL): Promise<Response>;
