/** Serves an app's files as any static server does. */

import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { serveFiles } from "../../../support/site.mjs";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** The files below `folder`, as `serveFiles` wants them, with `headers` on each; a page stands at its folder, too. */
async function filesOf(folder, headers = {}) {
  const files = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const file = { type, body: await readFile(path), headers };
    const url = `/${relative(folder, path)}`;
    files[url] = file;
    if (entry.name === "index.html") files[url.slice(0, -"index.html".length)] = file;
  }
  return files;
}

/** Serves what is below `folder` while `work` is at it; `headers` come with each file. */
export async function serving(folder, work, headers) {
  const server = await serveFiles(await filesOf(folder, headers));
  try {
    await work(server.url);
  } finally {
    await server.close();
  }
}
