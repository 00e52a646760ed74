/** A registry of one package, the tarball, on 127.0.0.1: what a tool's `npm:` asks for. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tarball } from "../../../support/package.mjs";

/** @returns {Promise<{ url: string, version: string, requests: string[], close: () => Promise<void> }>} */
export async function startRegistry() {
  const contents = await readFile(tarball());
  const version = /-(\d+\.\d+\.\d+)\.tgz$/u.exec(tarball())[1];
  const integrity = `sha512-${createHash("sha512").update(contents).digest("base64")}`;
  const file = `/bytestow/-/bytestow-${version}.tgz`;
  const requests = [];

  const server = createServer(({ url }, response) => {
    requests.push(url);
    if (url === "/bytestow") response.setHeader("content-type", "application/json").end(packument());
    else if (url === file) response.end(contents);
    else response.writeHead(404).end();
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${server.address().port}/`;

  function packument() {
    const dist = { tarball: new URL(file, url), integrity };
    const versions = { [version]: { name: "bytestow", version, dist } };
    return JSON.stringify({ name: "bytestow", "dist-tags": { latest: version }, versions });
  }

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
