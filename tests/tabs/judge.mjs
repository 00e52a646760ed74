/** The end of a history: what all tabs have seen, held together. Gives what is wrong with it. */

import { ownGroups, stateAfter } from "./groups.mjs";

/** Times of two tabs agree up to so many ms: browsers round them. */
const ROUNDED = 20;

/**
 * @param told what each tab has seen
 * @param states what each tab, and a new one, finds there in the end
 */
export function judge(told, states) {
  return [
    ...told.flatMap(({ tab, complaints }) => complaints.map((complaint) => `tab ${tab}: ${complaint}`)),
    ...supposed(told),
    ...orders(told),
    ...once(told),
    ...ends(told, states),
  ];
}

/** What was read as gone was deleted by then. */
function supposed(told) {
  const deletions = Object.assign({}, ...told.map(({ deletions }) => deletions));
  return told.flatMap(({ tab, supposed }) =>
    supposed
      .filter(({ name, number, at }) => !(deletions[`${name} ${number}`] <= at + ROUNDED))
      .map(({ name, number }) => `tab ${tab}: ${name}: read nothing, and was not deleted before its write ${number}`),
  );
}

/** All tabs can have met the writes of a shared group in one order: none was there, gone, and there again. */
function orders(told) {
  const wrong = [];
  for (const name of new Set(told.flatMap(({ met }) => Object.keys(met)))) {
    const after = new Map();
    for (const { met } of told) {
      const writes = met[name] ?? [];
      for (const [at, write] of writes.entries()) {
        if (!after.has(write)) after.set(write, new Set());
        if (at > 0) after.get(writes[at - 1]).add(write);
      }
    }
    const circle = circleIn(after);
    if (circle) wrong.push(`${name}: no order of its writes is that in which the tabs met them: ${circle.join(", ")}`);
  }
  return wrong;
}

/** A circle in a graph, if there is one: what is left when those that nothing comes before are taken away. */
function circleIn(after) {
  const before = new Map([...after.keys()].map((each) => [each, 0]));
  for (const next of after.values()) for (const each of next) before.set(each, before.get(each) + 1);
  const free = [...before].filter(([, count]) => count === 0).map(([each]) => each);
  for (const each of free) {
    before.delete(each);
    for (const next of after.get(each)) {
      before.set(next, before.get(next) - 1);
      if (before.get(next) === 0) free.push(next);
    }
  }
  return before.size > 0 ? [...before.keys()].slice(0, 10) : undefined;
}

/** Of what is stored only where nothing is, one tab was the first, and all found what it stored. */
function once(told) {
  const wrong = [];
  const winners = new Map();
  for (const { tab, won } of told) {
    for (const key of won) {
      if (winners.has(key)) wrong.push(`${key}: both tab ${winners.get(key)} and tab ${tab} were the first`);
      winners.set(key, tab);
    }
  }
  for (const { tab, once } of told) {
    for (const [key, writer] of once) {
      if (winners.get(key) !== writer) {
        wrong.push(`${key}: tab ${tab} found what tab ${writer} stored; the first was ${winners.get(key)}`);
      }
    }
  }
  return wrong;
}

/** In the end all find the same, which is what the last calls came to. */
function ends(told, states) {
  const wrong = [];
  const [first, ...others] = states.map((each) => new Map(each));
  for (const other of others) {
    for (const [name, state] of other) {
      if (state !== first.get(name)) wrong.push(`${name}: in the end one finds ${first.get(name)}, another ${state}`);
    }
  }
  for (const { tab, issued } of told) {
    for (const group of ownGroups(tab)) {
      const expected = stateAfter(group, issued[group.name]);
      const found = first.get(group.name);
      if (found !== expected) wrong.push(`${group.name}: in the end ${found} is there, not ${expected}`);
    }
  }
  return wrong;
}
