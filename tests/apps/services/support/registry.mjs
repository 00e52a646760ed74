/**
 * A registry on 127.0.0.1, of what a tool's `npm:` asks for: the tarball's package, and what is to be known of its optional
 * peers, which are not there themselves.
 */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { packageRoot, tarball } from "../../../support/package.mjs";

/** @returns {Promise<{ url: string, version: string, requests: string[], close: () => Promise<void> }>} */
export async function startRegistry() {
  const contents = await readFile(tarball());
  const manifest = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8"));
  const version = /-(\d+\.\d+\.\d+)\.tgz$/u.exec(tarball())[1];
  const integrity = `sha512-${createHash("sha512").update(contents).digest("base64")}`;
  const file = `/bytestow/-/bytestow-${version}.tgz`;
  const requests = [];
  const packument = (manifest, path, more = {}) => {
    const { name, version } = manifest;
    const versions = { [version]: { ...manifest, dist: { tarball: new URL(path, url), ...more } } };
    return JSON.stringify({ name, "dist-tags": { latest: version }, versions });
  };
  const packuments = { bytestow: () => packument(manifest, file, { integrity }) };
  for (const name of Object.keys(manifest.peerDependencies)) {
    packuments[name] = () => packument({ name, version: "1.2.13" }, `/${name}/-/nobody-wants-it.tgz`);
  }

  const server = createServer(({ url }, response) => {
    requests.push(url);
    const known = packuments[decodeURIComponent(url.slice(1))];
    if (known) response.setHeader("content-type", "application/json").end(known());
    else if (url === file) response.end(contents);
    else response.writeHead(404).end();
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${server.address().port}/`;

  return {
    url,
    version,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
