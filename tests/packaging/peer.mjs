/** LangChain beside the package, as an app has it that chose to install the optional peer. */

import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { testsRoot } from "../support/package.mjs";

/** The entries that need it: those whose class extends LangChain's. */
export const NEEDS_PEER = /(?:^|\/)(?:embeddings|vectorstores|memory)(?:$|\/)/u;

/** Puts the tests' own `@langchain/core` into the app in `folder`; its dependencies are found beside where it really is. */
export async function linkPeer(folder) {
  const scope = join(folder, "node_modules", "@langchain");
  await mkdir(scope, { recursive: true });
  await symlink(join(testsRoot, "node_modules", "@langchain", "core"), join(scope, "core"));
}
