/**
 * What `cargo xtask demo` runs: serves the built page with a remote tier behind the same origin until it is stopped.
 *
 *   node tests/page/demo.mjs <folder> [port]
 *
 * The remote tier is a real Redis where one is installed, else the tests' own server in memory; it says which.
 */
import { serve } from "../../www/serve.mjs";
import { startRemote, startRemoteRedis } from "./remote.mjs";

const [dir, port = "0"] = process.argv.slice(2);
if (dir === undefined || !/^\d{1,5}$/u.test(port)) {
  console.error("usage: node demo.mjs <folder> [port]");
  process.exit(2);
}

const remote = (await startRemoteRedis()) ?? (await startRemote());
try {
  const { url } = await serve(dir, { port: Number(port), remote: remote.pass });
  console.log(url);
  console.log(`remote tier: ${remote.name}; what it keeps ends with this command`);
} catch (error) {
  console.error(error?.code === "EADDRINUSE" ? `port ${port} is in use: choose another, or 0 for a free one` : error);
  await remote.close();
  process.exitCode = 1;
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await remote.close();
    process.exit(0);
  });
}
