/**
 * The service worker: keeps every file of the page, so that it opens without a network. A version is the files with their
 * contents; a new one is fetched whole beside the old, and takes over when the person says so or the last page of the old
 * one is closed. What belongs together is thus never mixed.
 */

/** Each file of the page, by its path below it, with a digest of its content; put there by the build. */
declare const PRECACHE: Readonly<Record<string, string>>;
/** Likewise what is megabytes and loaded by choice alone: it is kept once it was asked for. */
declare const ON_USE: Readonly<Record<string, string>>;

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
/** Says on an answer that it is one from before: the server could not be asked. */
const FROM_BEFORE = "x-from-before";
const FILES = "bytestow-page-";
const CACHE = FILES + hash(JSON.stringify(PRECACHE));
const SETTINGS = "bytestow-settings";
const USED = "bytestow-used";
/** How long the server may take to say its settings, in ms: less than the page waits, which is to hear what it said before. */
const PATIENCE_MS = 2_500;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const answer = answerTo(event);
  if (answer !== undefined) event.respondWith(answer);
});
worker.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(worker.skipWaiting());
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Of the server as it is now: what the browser keeps of an older version would be mixed in.
  await cache.addAll(Object.keys(PRECACHE).map((path) => new Request(place(path), { cache: "no-cache" })));
  // Nobody waits for the first version.
  if (worker.registration.active === null) await worker.skipWaiting();
}

async function activate(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(FILES) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await worker.clients.claim();
  await dropUnused();
}

/** Lets go of what this version has not, of what was kept when it was used. */
async function dropUnused(): Promise<void> {
  if (!(await caches.has(USED))) return;
  const used = await caches.open(USED);
  const wanted = new Set(Object.keys(ON_USE).map(placeOfUsed));
  const old = (await used.keys()).filter(({ url }) => !wanted.has(url));
  await Promise.all(old.map((request) => used.delete(request)));
}

function answerTo(event: FetchEvent): Promise<Response> | undefined {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(worker.registration.scope)) return undefined;
  const path = url.href.slice(worker.registration.scope.length).split(/[?#]/u, 1)[0] ?? "";
  if (path === "settings.json") return settings(request);
  if (path in ON_USE) return used(path, event);
  return (path === "index.html" ? "" : path) in PRECACHE ? kept(path === "index.html" ? "" : path, request) : undefined;
}

async function kept(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  // Storage may have been cleared under us: then the network is as good.
  return (await cache.match(place(path), { ignoreVary: true })) ?? fetch(request);
}

/** What was asked for before; else of the server, and kept: a version that has the same file need not fetch it again. */
async function used(path: string, event: FetchEvent): Promise<Response> {
  const before = await from(placeOfUsed(path));
  if (before !== undefined) return before;
  const response = await fetch(event.request);
  if (response.ok) event.waitUntil(remember(USED, placeOfUsed(path), response.clone()));
  return response;
}

/** Of the server while it answers in time; else what it said last. */
async function settings(request: Request): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) await remember(SETTINGS, place("settings.json"), response.clone());
    return response;
  } catch {
    const before = await from(place("settings.json"));
    const headers = { "content-type": "application/json", [FROM_BEFORE]: "1" };
    return new Response((await before?.text()) ?? '{"remote":null}', { headers });
  }
}

/** What is kept of an address, in whichever cache; nothing where the browser cannot look. */
function from(url: string): Promise<Response | undefined> {
  return caches.match(url, { ignoreVary: true }).catch(() => undefined);
}

/** Where there is no room to keep it, it is an answer all the same; the next needs the network, as this one did. */
async function remember(name: string, url: string, response: Response): Promise<void> {
  try {
    await (await caches.open(name)).put(url, response);
  } catch {}
}

function placeOfUsed(path: string): string {
  return place(`${path}?${ON_USE[path]}`);
}

function place(path: string): string {
  return new URL(path, worker.registration.scope).href;
}

/** FNV-1a: the digests do the work, this only names their list. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(16);
}

export {};
