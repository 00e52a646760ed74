/** What runs in the page to watch how it looks. */

/**
 * Before the page's scripts: notes what moves without being asked to. Chromium tells; beside that, and where no browser
 * tells, every frame is looked at: what was in the window in the one before must be where it was.
 */
export function watchMoves() {
  globalThis.shifts = [];
  const note = ({ value, sources }) =>
    globalThis.shifts.push([value, ...sources.map(({ node }) => node?.id || node?.className || node?.nodeName)]);
  if (globalThis.PerformanceObserver?.supportedEntryTypes.includes("layout-shift")) {
    globalThis.shiftObserver = new PerformanceObserver((list) => list.getEntries().forEach(note));
    globalThis.shiftObserver.observe({ type: "layout-shift", buffered: true });
    globalThis.takeShifts = () => globalThis.shiftObserver.takeRecords().forEach(note);
  }
  const WATCHED = "h1, h2, h3, .card, button, .going-on, #status, #tiers > li, #tiers dt, #tiers svg, #drop li";
  let before = new Map();
  let window = "";
  const look = () => {
    const now = new Map();
    for (const element of document.querySelectorAll(WATCHED)) {
      const { left, top, bottom, width } = element.getBoundingClientRect();
      if (width > 0 && bottom > 0 && top < innerHeight) now.set(element, [left + scrollX, top + scrollY]);
    }
    // What moves since the window is another is asked to.
    const is = [innerWidth, innerHeight].join(" ");
    for (const [element, [left, top]] of is === window ? now : []) {
      const [x, y] = before.get(element) ?? [left, top];
      if (Math.abs(left - x) + Math.abs(top - y) < 1) continue;
      const name = element.id || element.textContent.slice(0, 20);
      globalThis.shifts.push(`${element.nodeName} ${name}: ${x},${y} to ${left},${top}`);
    }
    before = now;
    window = is;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** What has moved since this was asked last. */
export async function moved() {
  for (let frames = 0; frames < 3; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  globalThis.takeShifts?.();
  return globalThis.shifts.splice(0);
}

/** The parts of the page whose content does not fit into them, and is not to be scrolled to. */
export function cutOff() {
  const PARTS =
    ".tiers, .tier, .tier dl, .tiles, .tiles div, .card, .chips li, .actions, .fields, .going-on, .bar-row, h1, h2";
  const parts = [...document.querySelectorAll(PARTS), ...document.querySelectorAll("button:not(#explorer-rows *)")];
  return parts
    .filter((part) => part.checkVisibility())
    .filter((part) => {
      const inline = getComputedStyle(part).display === "inline";
      const isWide = part.scrollWidth > part.clientWidth + 1;
      // Letters may reach out of their line, where nothing hides them.
      const hides = getComputedStyle(part).overflowY !== "visible";
      return !inline && (isWide || (hides && part.scrollHeight > part.clientHeight + 1));
    })
    .map((part) => {
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = part;
      const size = `${scrollWidth}×${scrollHeight} in ${clientWidth}×${clientHeight}`;
      return `${part.id || part.className || part.nodeName}: ${size}`;
    });
}

/** What is animated, or would be when it changes. */
export function movingParts() {
  return [...document.querySelectorAll("*")]
    .filter((element) => {
      const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
      const moves = transitionDuration.split(", ").some((time) => time !== "0s") || animationName !== "none";
      return moves || scrollBehavior === "smooth";
    })
    .map((element) => element.id || element.outerHTML.slice(0, 80));
}
