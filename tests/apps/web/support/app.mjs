/** Apps that use the package as it is published: npm installs the tarball, and the fixtures are their sources. */

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../support/child.mjs";
import { tarball } from "../../../support/package.mjs";

const fixtures = fileURLToPath(new URL("../fixtures", import.meta.url));
const langchain = fileURLToPath(new URL("../node_modules/@langchain", import.meta.url));

/** A workshop for apps: npm installs once, and each app is a copy of what it made. */
export async function workshop() {
  const root = await mkdtemp(join(tmpdir(), "bytestow-web-"));
  const remove = () => rm(root, { recursive: true, force: true, maxRetries: 5 });
  const template = join(root, "template");
  await mkdir(template);
  await writeFile(join(template, "package.json"), '{ "name": "app", "private": true, "version": "1.0.0" }\n');
  const npm = await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball()], { cwd: template });
  if (npm.code !== 0) {
    await remove();
    throw new Error(`npm did not install the tarball: ${npm.stderr}`);
  }
  let count = 0;
  return {
    /** The folder of a new app with the files of these fixtures, later ones before earlier ones. */
    async app(...names) {
      const folder = join(root, `app-${count++}`);
      await cp(template, folder, { recursive: true });
      for (const name of names) await cp(join(fixtures, name), folder, { recursive: true });
      return folder;
    },
    /** Such an app that also has `@langchain/core` installed, `src/embed.mjs` and `src/find.mjs`. */
    async appWithPeer(...names) {
      if (!existsSync(langchain))
        throw new Error("no @langchain/core: npm ci --ignore-scripts --prefix tests/apps/web");
      const folder = await this.app(...names);
      await symlink(langchain, join(folder, "node_modules/@langchain"));
      for (const file of ["embed.mjs", "find.mjs"]) {
        await cp(new URL(`../../${file}`, import.meta.url), join(folder, "src", file));
      }
      return folder;
    },
    remove,
  };
}
