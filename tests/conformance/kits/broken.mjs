/** What rules find on implementations with one defect each. */

/** Some at a time: what hangs only waits. */
const AT_ONCE = 6;

/** What hangs need not hang for long, ms. */
const HANGS = 5_000;

/** What works has this long on a machine that is busy, too, ms. */
const WORKS = 60_000;

/** Rules that take as long as half of all others together: they run on what is known to break them, and where all is recorded. */
const LONG = ["L4-exactly-once", "R8-costs", "S3-exact", "T2-long-text"];

/** The ids of those `rules` that are to run on something that is known to break `known`. */
export function chosen(rules, known = []) {
  const ids = rules.map(({ id }) => id);
  return process.env.BYTESTOW_RECORD ? ids : ids.filter((id) => !LONG.includes(id) || known.includes(id));
}

/**
 * The ids of the rules that each of `broken` breaks, sorted, by name. What took too long and is not known to is tried once
 * more when nothing else goes on, with more time.
 * @param {(harness: object, options: object) => Promise<{ failed: { id: string, message: string }[] }>} run runs the rules
 * @param {{ id: string }[]} rules
 * @param {{ name: string, harness: object }[]} broken
 * @param {Record<string, string[]>} recorded what is known, by name
 */
export async function brokenBy(run, rules, broken, recorded, seed) {
  const found = new Map();
  const slow = [];
  const left = [...broken];
  const work = async () => {
    for (let each = left.shift(); each !== undefined; each = left.shift()) {
      const known = recorded[each.name] ?? [];
      const { failed } = await run(each.harness, { seed, timeout: HANGS, only: chosen(rules, known) });
      const late = failed.filter(({ id, message }) => isLate(message) && !known.includes(id));
      if (late.length > 0) slow.push([each, late.map(({ id }) => id)]);
      found.set(
        each.name,
        failed.map(({ id }) => id).filter((id) => !late.some((rule) => rule.id === id)),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const [{ name, harness }, only] of slow) {
    const { failed } = await run(harness, { seed, timeout: WORKS, only });
    found.get(name).push(...failed.map(({ id }) => id));
  }
  for (const ids of found.values()) ids.sort();
  return found;
}

const isLate = (message) => /not done after \d+ ms/u.test(message);
