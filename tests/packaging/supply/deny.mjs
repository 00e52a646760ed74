/** Reads `deny.toml`, as far as TOML is used there: tables, strings, booleans, arrays, inline tables. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testsRoot } from "../../support/package.mjs";

/** The top of the repository. */
export const root = dirname(join(testsRoot, "."));

/** The tables of `deny.toml`, by name. What this cannot read, it refuses. */
export function deny() {
  return tables(readFileSync(join(root, "deny.toml"), "utf8"));
}

/** The tables of a text. */
export function tables(text) {
  const found = {};
  let table;
  let open = "";
  for (const line of text.split("\n")) {
    const [, name] = /^\[([a-z]+)\]$/u.exec(line) ?? [];
    if (name !== undefined && open === "") {
      found[name] = table = {};
      continue;
    }
    open += json(line);
    if (open.trim() === "") open = "";
    if (open === "" || !isBalanced(open)) continue;
    Object.assign(table, JSON.parse(`{${open.replaceAll(/,(\s*[\]}])/gu, "$1")}}`));
    open = "";
  }
  if (open !== "") throw new Error(`deny.toml: this does not end: ${open}`);
  return found;
}

/** A line as JSON has it: no comments, names in quotation marks and before a colon. */
function json(line) {
  const parts = line.matchAll(/("(?:[^"\\]|\\.)*")|#.*$|([^"#]+)/gu);
  return Array.from(parts, ([, string, rest]) => string ?? rest?.replaceAll(/([\w-]+)\s*=/gu, '"$1":') ?? "").join("");
}

function isBalanced(text) {
  const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/gu, "");
  return bare.replaceAll(/[^[{]/gu, "").length === bare.replaceAll(/[^\]}]/gu, "").length;
}
