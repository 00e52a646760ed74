/** Keeps the page for when there is no network, by its service worker, and says how that stands. */
import { element } from "../dom.ts";

const WORDS = {
  loading: "Loading what is needed to work offline …",
  ready: "Works offline now.",
  offline: "You are offline. The page and what is kept work all the same.",
  none: "This browser does not let the page work offline: private windows, blocked site data and addresses without https do that.",
};

const shown = element("offline", HTMLElement);
const renew = element("renew", HTMLButtonElement);
let kept: keyof typeof WORDS = "loading";
let reached = true;

/** Tells whether the page's server answered when it was asked last. */
export function serverReached(did: boolean): void {
  reached = did;
  show();
}

/** Has the page kept, once the browser has nothing better to do. */
export function workOffline(): void {
  addEventListener("online", () => serverReached(true));
  addEventListener("offline", show);
  show();
  const idle = globalThis.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 1_000));
  idle(() => register().catch(() => is("none")));
}

async function register(): Promise<void> {
  const workers: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (workers === undefined || isDenied()) return is("none");
  const isNew = workers.controller === null;
  // The first worker takes over the page that it came with; a later one, only by the button: then all is new.
  workers.addEventListener("controllerchange", () => {
    if (renew.dataset.pressed !== undefined) location.reload();
  });
  const registration = await workers.register("sw.js", { updateViaCache: "none" });
  offerUpdates(registration);
  if (isNew) await activated(registration);
  is("ready");
}

/** Whether the page may store nothing: asked for a worker all the same, Firefox complains to whoever looks closer. */
function isDenied(): boolean {
  try {
    return sessionStorage === null;
  } catch {
    return true;
  }
}

function activated({ installing, waiting, active }: ServiceWorkerRegistration): Promise<void> {
  const worker = installing ?? waiting ?? active;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker?.state === "activated") resolve();
      if (worker?.state === "redundant") reject(new Error("the files of the page could not be kept"));
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}

function offerUpdates(registration: ServiceWorkerRegistration): void {
  const offer = () => {
    renew.hidden = registration.waiting === null || registration.active === null;
  };
  renew.addEventListener("click", () => {
    renew.dataset.pressed = "";
    registration.waiting?.postMessage("take over");
  });
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  offer();
}

function is(how: keyof typeof WORDS): void {
  kept = how;
  show();
}

function show(): void {
  const words = WORDS[navigator.onLine && reached ? kept : "offline"];
  if (shown.textContent !== words) shown.textContent = words;
}
