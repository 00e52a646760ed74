/** Our store over HTTP. */

import { UpstashRedisByteStore } from "bytestow";
import { worker } from "./load.mjs";

export default worker((place) => new UpstashRedisByteStore(place));
