/**
 * Keys in groups that are written together. Of a group that one tab alone writes, the state after each of its writes
 * follows from the number of that write, so that whoever reads it knows what the state may be.
 */

import { hashOf } from "./random.mjs";

/** Groups of a tab's own: how many, of how many keys, how large the values are, and how often one is chosen. */
const OWN = {
  // Alone in a row of the log.
  single: { groups: 150, keys: 1, bytes: [16, 2_000], weight: 40 },
  // A few values in a row.
  small: { groups: 4, keys: 5, bytes: [16, 1_500], weight: 14 },
  // Segments, one or several.
  medium: { groups: 6, keys: 24, bytes: [500, 6_000], weight: 27 },
  large: { groups: 6, keys: 80, bytes: [3_000, 7_000], weight: 16 },
  // Values beyond 64 KiB, which Chromium keeps in files of their own.
  wide: { groups: 1, keys: 3, bytes: [66_000, 200_000], weight: 3 },
};

/** Groups that every tab writes. Those that are kept are never deleted. */
const SHARED = [
  { keys: 4, bytes: [16, 900], kept: true },
  { keys: 4, bytes: [16, 900], kept: false },
  { keys: 1, bytes: [16, 3_000], kept: true },
  { keys: 20, bytes: [800, 3_000], kept: true },
  { keys: 20, bytes: [800, 3_000], kept: false },
  { keys: 60, bytes: [1_500, 4_500], kept: false },
];

/** More than 16 MiB: a call that the engine writes in several transactions. */
const HUGE = { keys: 4_600, bytes: [3_000, 4_600] };

function group(name, kind, { keys, bytes, ...rest }) {
  const names = Array.from({ length: keys }, (_, at) => `${name}/k${String(at).padStart(3, "0")}`);
  return { name, kind, keys: names, bytes, ...rest };
}

/** The groups of `tab`, which it alone writes. */
export function ownGroups(tab) {
  return Object.entries(OWN).flatMap(([kind, shape]) =>
    Array.from({ length: shape.groups }, (_, at) => ({
      ...group(`own${tab}/${kind}${at}`, kind, shape),
      owner: tab,
      weight: shape.weight / shape.groups,
    })),
  );
}

/** The groups that the page of a browser writes which is killed, the last of them one of huge calls. */
export function savedGroups() {
  return [...ownGroups(1), { ...group("own1/huge", "huge", HUGE), owner: 1, weight: 0 }];
}

/** The groups that all write. */
export function sharedGroups() {
  return SHARED.map((shape, at) => group(`shared/${at}`, "shared", shape));
}

/** One of `groups`, as often as it weighs. */
export function drawGroup(groups, draw) {
  let left = draw() * groups.reduce((sum, { weight }) => sum + weight, 0);
  for (const group of groups) {
    left -= group.weight;
    if (left < 0) return group;
  }
  return groups[0];
}

/**
 * What the write `number` of a group does, which one tab alone writes: `put` all of its keys, `prune` those that the
 * write before put to one in three, `delete` all, or `clear` its prefix. The beginning is like a deletion.
 */
export function actOf({ name, keys }, number) {
  if (number === 0) return "delete";
  const drawn = hashOf(`${name} ${number}`) % 100;
  if (drawn < 50) return "put";
  if (drawn < 80) return keys.length > 1 && actOf({ name, keys }, number - 1) === "put" ? "prune" : "put";
  return drawn < 95 ? "delete" : "clear";
}

/** What is there after the write `number`: the same text for the same state. */
export function stateAfter(group, number) {
  const act = actOf(group, number);
  if (act === "put") return `all of ${number}`;
  return act === "prune" ? `a third of ${number - 1}` : "nothing";
}

/** The first write from `number` on after which there is nothing. */
export function nextNothing(group, number) {
  let next = number;
  while (stateAfter(group, next) !== "nothing") next++;
  return next;
}

/** The keys that a prune leaves. */
export function thirdOf({ keys }) {
  return keys.filter((_, at) => at % 3 === 0);
}
