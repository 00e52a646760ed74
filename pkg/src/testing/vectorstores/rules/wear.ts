import { sleep } from "../../clock.js";
import { outcome } from "../../expect.js";
import type { VectorStoreContext } from "../context.js";
import type { TestedVectorStore } from "../harness.js";
import type { FailingStore } from "../stores.js";

/** Into how many pieces a store is worn, and how often each is tried. */
const PIECES = 12;
const TRIES = 20;

/**
 * Adds one document after the other, so that there is something to compact: what a store does behind an add, lest there be,
 * is refused. Gives the ids.
 */
export async function wear(
  context: VectorStoreContext,
  store: TestedVectorStore,
  failing: FailingStore,
): Promise<string[]> {
  const documents = context.documents(PIECES + 1, "worn");
  const [first, ...rest] = documents;
  failing.forget();
  await store.addDocuments([first as (typeof documents)[0]]);
  // So many writes are the add's own.
  const { writes } = failing;
  for (const document of rest) {
    for (let tries = 1; ; tries++) {
      failing.room = tries < TRIES ? writes : Number.POSITIVE_INFINITY;
      const added = await outcome(() => store.addDocuments([document]));
      failing.room = 0;
      // What is done behind it has its turn, and is refused; a late one takes the next add's room, which is tried again.
      await sleep(0);
      if (added.ok) break;
      if (tries === TRIES) throw added.error;
    }
  }
  failing.refused = 0;
  for (let turns = 0; turns < TRIES && failing.refused === 0; turns++) await sleep(0);
  failing.room = Number.POSITIVE_INFINITY;
  return documents.map(({ id }) => id);
}
