/** What a workspace, or a crate, is made of. */

import assert from "node:assert/strict";
import { run } from "../../support/child.mjs";

/** What `cargo tree` lists in a folder, each crate once. */
export async function crates(cwd, ...args) {
  const format = ["--prefix", "none", "--format", "{p}|{l}"];
  const { code, stdout, stderr } = await run("cargo", ["tree", ...args, ...format], { cwd });
  assert.equal(code, 0, stderr);
  const lines = new Set(stdout.split("\n").filter((line) => line.includes("|")));
  const parsed = [...lines].map((line) => {
    const [, name, version, more, licence] = /^(\S+) v(\S+)([^|]*)\|(.*?)(?: \(\*\))?$/u.exec(line);
    // Paths are those of the repository; where another registry or git is asked, it stands here.
    return { name, version, from: more.replace("(proc-macro)", "").trim(), licence };
  });
  return [...new Map(parsed.map((each) => [`${each.name} ${each.version}`, each])).values()];
}
