/**
 * Shows the page once nothing is to come that would push away what is looked at: after a reload in the middle of it, the
 * runs from before are drawn first.
 */

const PLACE = "bytestow-demo-place";

/** Shows the page, and has the next load of it shown where this one was left. */
export function reveal(): void {
  if (!document.body.classList.contains("opening")) return;
  document.body.classList.remove("opening");
  try {
    scrollTo(0, Number(sessionStorage.getItem(PLACE) ?? 0));
    // By itself the browser would look for the place before the page has its height.
    history.scrollRestoration = "manual";
    addEventListener("pagehide", () => sessionStorage.setItem(PLACE, String(scrollY)));
  } catch {
    // Storage denied: then each load begins at the top.
  }
}
