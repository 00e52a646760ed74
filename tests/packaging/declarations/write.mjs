/** Writes the pages of `surface.mjs` from the tarball as it is: `node tests/packaging/declarations/write.mjs`. */

import { writeFile } from "node:fs/promises";
import { installedApp } from "./app.mjs";
import { pageOf, surfaces } from "./surface.mjs";

const { app, remove } = await installedApp();
try {
  for (const [name, page] of surfaces(app)) await writeFile(new URL(`${pageOf(name)}.d.ts`, import.meta.url), page);
} finally {
  await remove();
}
