/** Where the package under test is. A part that is missing is an error that says what makes it. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder `tests`. */
export const testsRoot = fileURLToPath(new URL("..", import.meta.url));

/** The unpacked package, which the tests import. */
export function packageRoot() {
  return present(join(testsRoot, "node_modules", "bytestow"), "cargo xtask build");
}

/** The same package over a wasm whose exports trap. */
export function trapPackageRoot() {
  return present(join(testsRoot, "node_modules", "bytestow-trap"), "cargo xtask test");
}

/** The tarball as `npm publish` would take it. */
export function tarball() {
  const folder = present(join(testsRoot, "..", "target", "npm"), "cargo xtask build");
  const found = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (found.length !== 1) throw new Error(`${found.length} tarballs in ${folder}: run \`cargo xtask build\``);
  return join(folder, found[0]);
}

function present(path, remedy) {
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`${remedy}\``);
  return path;
}
