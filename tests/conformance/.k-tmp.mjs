import { UpstashRedisByteStore } from "bytestow";
import { startServer } from "../support/upstash/server.mjs";

const server = await startServer({ mode: "small-limits" });
const open = () =>
  new UpstashRedisByteStore({ url: server.url, token: server.token, onEvent: (e) => console.log(JSON.stringify(e)) });
const noise = (n) => crypto.getRandomValues(new Uint8Array(n));
{
  const pairs = Array.from({ length: 8 }, (_, i) => [`k${i}`, noise(16384)]);
  const store = open();
  await store.mset(pairs);
  const got = await store.mget(pairs.map(([k]) => k));
  console.log(
    "W6",
    got.map((v) => v?.length),
    server.counts().perCommand,
    server.database("").size,
  );
  const got2 = await open().mget(pairs.map(([k]) => k));
  console.log(
    "W6 another handle",
    got2.map((v) => v?.length),
    server.counts().perCommand,
  );
}
{
  const keys = ["x", "y", "z"].map((end) => "k".repeat(32767) + end);
  const store = open();
  for (const what of ["mget", "mset", "mget", "mdelete"]) {
    try {
      console.log(what, await store[what](what === "mset" ? keys.map((k) => [k, noise(10)]) : keys));
    } catch (e) {
      console.log(what, e.code, e.message, e.limit, e.actual);
    }
  }
  for (const what of ["mget", "mset", "mget", "mdelete"]) {
    try {
      console.log(
        what,
        await store[what](what === "mset" ? keys.slice(0, 1).map((k) => [k, noise(10)]) : keys.slice(0, 1)),
      );
    } catch (e) {
      console.log(what, e.code, e.message, e.limit, e.actual);
    }
  }
}
await server.close();
