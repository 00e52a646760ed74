/** The README as data: its blocks of code, by the heading they stand under, and its prose. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export const readme = readFileSync(`${root}README.md`, "utf8");

/** Each block of code: its language, the heading above it, its text. */
export const blocks = blocksOf(readme);

/** The README without its blocks of code, white space made single. */
export const prose = readme.replaceAll(/^```.*?^```$/gmsu, "").replaceAll(/\s+/gu, " ");

/**
 * @param {string} markdown
 * @returns {{ language: string, heading: string, text: string }[]}
 */
export function blocksOf(markdown) {
  const found = [];
  let heading = "";
  let open;
  for (const line of markdown.split("\n")) {
    const fence = /^\s*(?:```|~~~)(.*)$/u.exec(line);
    if (open && fence) {
      found.push({ ...open, text: `${open.lines.join("\n")}\n` });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1].trim(), heading, lines: [] };
    else heading = /^#+ (.*)$/u.exec(line)?.[1] ?? heading;
  }
  if (open) throw new Error(`the block under "${open.heading}" has no end`);
  return found.map(({ language, heading, text }) => ({ language, heading, text }));
}

/** Every number that stands where `pattern` has its first group, of which there must be some. */
export function numbers(pattern, text = prose) {
  const found = [...text.matchAll(pattern)].map(([, digits]) => Number(digits.replaceAll(",", "")));
  if (found.length === 0) throw new Error(`the README says nothing like ${pattern}: change the test with it`);
  return found;
}
