/** Next, built and started as a user does it, without a network. */

import { tool } from "./app.mjs";
import { serve, succeed } from "./process.mjs";

const ENVIRONMENT = { NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1" };

/** Builds the app for production; gives what Next has printed. */
export async function build(app) {
  const args = [tool("next/dist/bin/next"), "build"];
  const { stdout, stderr } = await succeed(process.execPath, args, { cwd: app.path, env: ENVIRONMENT });
  return stdout + stderr;
}

/** Starts the built app with these variables; gives its URL. */
export async function start(app, variables) {
  const args = [tool("next/dist/bin/next"), "start", "--hostname", "127.0.0.1", "--port", "0"];
  const ready = /Local: +(http:\S+).*Ready in/su;
  const { found, ...server } = await serve(process.execPath, args, {
    cwd: app.path,
    env: { ...ENVIRONMENT, ...variables },
    ready,
  });
  return { url: found[1], ...server };
}
