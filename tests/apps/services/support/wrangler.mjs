/** wrangler, as a user has it but without a network: it needs a newer Node than the tests do. */

import { runtimeOf } from "../../../support/runtimes.mjs";
import { tool } from "./app.mjs";
import { serve, succeed } from "./process.mjs";

const command = () => [runtimeOf("node-22").path, tool("wrangler/bin/wrangler.js")];

/** wrangler keeps all its files in the app's folder, tells nobody, and asks nobody where on earth it is. */
const environment = (app) => ({
  HOME: app.path,
  XDG_CONFIG_HOME: app.path,
  TMPDIR: app.path,
  WRANGLER_LOG_PATH: `${app.path}/logs`,
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  CI: "1",
});

/** Bundles `file` of the app into `out`; gives what wrangler has printed. */
export async function bundle(app, file, out) {
  const [node, wrangler] = command();
  const args = [wrangler, "deploy", file, "--dry-run", "--outdir", out];
  const { stdout, stderr } = await succeed(node, args, { cwd: app.path, env: environment(app) });
  return stdout + stderr;
}

/** Serves `file` of the app with these variables; gives the URL. */
export async function dev(app, file, variables) {
  const [node, wrangler] = command();
  const vars = Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const args = [wrangler, "dev", file, "--local", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", ...vars];
  const options = { cwd: app.path, env: environment(app), ready: /Ready on (http:\S+)/u };
  const { found, ...server } = await serve(node, args, options);
  return { url: found[1], ...server };
}
