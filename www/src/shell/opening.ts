/**
 * Shows the page once nothing is to come that would push away what is looked at: after a reload in the middle of it, the
 * runs from before are drawn first, and panels that stand there or above are mounted.
 */

const PLACE = "bytestow-demo-place";
const SECTIONS = "main > section";
/** The sections from here on are nothing, or lie behind nothing, before the panels are mounted. */
const FIRST_PANEL = "search";

let isAsked = false;

/** Shows the page, and has the next load of it shown where this one was left. `mountPanels` settles whatever happens. */
export async function reveal(mountPanels: () => Promise<unknown>): Promise<void> {
  if (isAsked) return;
  isAsked = true;
  const [at, offset] = placeBefore();
  const sections = [...document.querySelectorAll(SECTIONS)];
  if (at >= sections.findIndex(({ id }) => id === FIRST_PANEL)) await mountPanels();
  document.body.classList.remove("opening");
  const section = sections[at]?.getBoundingClientRect();
  // What a search had found is not there any more: no further than what is left of it.
  scrollTo(0, section ? scrollY + section.top + Math.min(offset, section.height) : offset);
}

/** The section that reaches above the window, by its number, and how far; -1 is the window's own top. */
function placeBefore(): [at: number, offset: number] {
  try {
    const [at, offset] = (sessionStorage.getItem(PLACE) ?? "-1 0").split(" ", 2).map(Number);
    // By itself the browser would look for the place before the page has its height.
    history.scrollRestoration = "manual";
    addEventListener("pagehide", () => sessionStorage.setItem(PLACE, place()));
    return [at || 0, offset || 0];
  } catch {
    // Storage denied: then each load begins at the top.
    return [-1, 0];
  }
}

function place(): string {
  const tops = Array.from(document.querySelectorAll(SECTIONS), (section) => section.getBoundingClientRect().top);
  // Whoever sees a heading at the window's top is in that section.
  const at = tops.filter((top) => top < 1).length - 1;
  return `${at} ${at < 0 ? scrollY : -(tops[at] ?? 0)}`;
}
