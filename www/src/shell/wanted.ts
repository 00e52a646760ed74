/** Mounts what the first look at the page does without. */

const SIGNS = ["pointerdown", "keydown", "focusin", "scroll"] as const;

/** Does `mount` once: when `root` comes near to being seen, or when the person first does anything at all. */
export function whenWanted(root: Element, mount: () => void): void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) now();
    },
    { rootMargin: "200px" },
  );
  const now = () => {
    observer.disconnect();
    for (const sign of SIGNS) removeEventListener(sign, now);
    mount();
  };
  observer.observe(root);
  for (const sign of SIGNS) addEventListener(sign, now, { passive: true, once: true });
}
