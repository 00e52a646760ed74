/** The Worker that does nothing: what all others are measured against. */

export default {
  fetch: () => new Response("done"),
};
