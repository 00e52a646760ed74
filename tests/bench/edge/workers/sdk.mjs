/** The peer: the SDK, bytes as base64, which it takes and gives back as they are. */

import { Redis } from "@upstash/redis/cloudflare";
import { base64, unbase64, worker } from "./load.mjs";

export default worker((place) => {
  const redis = new Redis(place);
  return {
    mset: (pairs) => redis.mset(Object.fromEntries(pairs.map(([key, value]) => [key, base64(value)]))),
    mget: async (keys) => (await redis.mget(...keys)).map(unbase64),
  };
});
