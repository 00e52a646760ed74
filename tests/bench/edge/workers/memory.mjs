/** The store in memory. */

import { InMemoryByteStore } from "bytestow";
import { worker } from "./load.mjs";

export default worker(() => new InMemoryByteStore());
