/** Fills one contender's store, for its size on the disk to be looked at. */

import { Source } from "../../values.mjs";
import { COUNT, DISK } from "../names.mjs";
import { CONTENDERS } from "./peers.mjs";

/** @param {{ name: string }} options */
export async function fillForDisk({ name }) {
  const store = CONTENDERS[name]("bench, disk");
  const source = new Source(37);
  for (let at = 0; at < DISK.count; at += COUNT) await store.mset(source.batch(COUNT, DISK.bytes));
  await store.close();
}
