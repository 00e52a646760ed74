/** It has all of the package, and calls nothing of it. */

import { InMemoryByteStore, UpstashRedisByteStore } from "bytestow";

export default {
  fetch(request) {
    // Never asked for, but no bundler knows.
    if (request.url.endsWith("/stores")) return Response.json([new InMemoryByteStore(), UpstashRedisByteStore]);
    return new Response("done");
  },
};
