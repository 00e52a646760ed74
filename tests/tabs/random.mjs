/** Chance that a seed replays: the same in every tab, and in Node. */

/** A number of 32 bits that `text` comes to: FNV-1a, mixed once more. */
export function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** Numbers from 0 to below 1 that follow from `seed`, a text. */
export function random(seed) {
  let state = hashOf(seed);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  /** A whole number below `bound`. */
  next.below = (bound) => Math.floor(next() * bound);
  next.of = (list) => list[next.below(list.length)];
  return next;
}
