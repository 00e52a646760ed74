/** Mounts what the first look at the page does without. */

const SIGNS = ["pointerdown", "keydown", "focusin"] as const;

/**
 * Does `mount` once: when `root` comes near to being seen, or when the person first does anything at all. Not when they take
 * the new version of the page: what is fetched while its worker takes over wakes the old one again, and Chromium then waits
 * half a minute for that to fall asleep. Gives what does it at once.
 */
export function whenWanted(root: Element, mount: () => Promise<void>): () => Promise<void> {
  let mounting: Promise<void> | undefined;
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) now();
    },
    { rootMargin: "200px" },
  );
  const now = () => {
    observer.disconnect();
    for (const sign of SIGNS) removeEventListener(sign, look);
    mounting ??= mount();
    return mounting;
  };
  const look = ({ target }: Event) => {
    if (!(target instanceof Element && target.closest("#renew"))) now();
  };
  observer.observe(root);
  for (const sign of SIGNS) addEventListener(sign, look, { passive: true });
  return now;
}
