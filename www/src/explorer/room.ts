/** How much room the vectors take and have, and whether the browser will keep them. */
import { element, setData } from "../dom.ts";
import * as format from "../format.ts";
import type { PanelContext } from "../panel.ts";
import { isOfSearch } from "../search/names.ts";
import type { Entry } from "./listing.ts";
import * as words from "./words.ts";

/** Storage as a browser may have it; those of pages without HTTPS have none of it. */
type Storage = Partial<StorageManager> | undefined;

/** Shows what all entries come to. */
export function showTotals(entries: readonly Entry[]): void {
  let [bytes, ofIndex] = [0, 0];
  for (const entry of entries) {
    bytes += entry.bytes;
    if (isOfSearch(entry.key)) ofIndex += entry.bytes;
  }
  setData("explorer-entries", entries.length, format.count(entries.length));
  setData("explorer-bytes", bytes, format.bytes(bytes));
  setData("explorer-index", ofIndex, format.bytes(ofIndex));
}

/** Asks the store and the browser for the room that is taken, and shows it. */
export async function showRoom({ browser, isKept }: PanelContext): Promise<void> {
  const { storedBytes } = await browser.usage();
  if (isKept) {
    setData("explorer-disk", storedBytes, format.bytes(storedBytes));
    // Not waited for: a browser may take its time to say.
    void showQuota();
    return;
  }
  setData("explorer-disk", 0, "none");
  element("explorer-quota", HTMLElement).textContent = NO_STORAGE;
  say("There is nothing here that the browser could keep. An exported file is safe.");
  element("explorer-persist", HTMLButtonElement).setAttribute("aria-disabled", "true");
}

async function showQuota(): Promise<void> {
  const storage: Storage = navigator.storage;
  const { usage, quota } = (await storage?.estimate?.().catch(() => undefined)) ?? {};
  const line = element("explorer-quota", HTMLElement);
  if (usage === undefined || !quota) {
    line.textContent = "How much room there is, this browser does not say.";
    return;
  }
  const share = Math.min(usage / quota, 1);
  line.textContent = `This site uses ${words.size(usage)} of the ${words.size(quota)} that the browser lets it have (${format.percent(usage, quota)}).`;
  element("explorer-share", SVGRectElement).setAttribute("width", String(share * 1000));
}

/** Shows what the browser said before, and asks it when the person wants it asked. */
export function watchPersistence({ browser }: PanelContext): void {
  const button = element("explorer-persist", HTMLButtonElement);
  const storage: Storage = navigator.storage;
  const kept = () => {
    say("The browser keeps this data: it will not clear it when room is short.");
    button.setAttribute("aria-disabled", "true");
  };
  storage?.persisted?.().then(
    (persisted) => persisted && kept(),
    () => undefined,
  );
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    say("Asking the browser … It may ask you in turn.");
    try {
      if (await browser.requestPersistence()) kept();
      else say(REFUSED);
    } catch {
      say(REFUSED);
    }
  });
}

const NO_STORAGE = "This browser gives the page no storage: what is listed here is in memory, and goes with the page.";

const REFUSED =
  "The browser said no: it may clear this data when room is short. Browsers agree sooner for sites that are bookmarked or " +
  "installed. An exported file is safe in any case.";

function say(text: string): void {
  element("explorer-persisted", HTMLElement).textContent = text;
}
