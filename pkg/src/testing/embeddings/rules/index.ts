import type { CacheRuleId } from "../contract.js";
import { abort } from "./abort.js";
import { answers } from "./answers.js";
import { errors } from "./arguments.js";
import { batches } from "./batches.js";
import type { CacheRuleBody } from "./body.js";
import { cached } from "./cached.js";
import { expiry } from "./expiry.js";
import { foreign } from "./foreign.js";
import { keys } from "./keys.js";
import { outages } from "./outages.js";
import { progress } from "./progress.js";
import { sharing } from "./sharing.js";
import { stats } from "./stats.js";
import { texts } from "./texts.js";
import { vectors } from "./vectors.js";

/** What checks each rule on caches. The compiler holds this to the titles: a rule without a body is an error. */
export const bodies = {
  ...cached,
  ...sharing,
  ...batches,
  ...progress,
  ...abort,
  ...stats,
  ...vectors,
  ...answers,
  ...foreign,
  ...outages,
  ...texts,
  ...errors,
  ...expiry,
  ...keys,
} satisfies Record<CacheRuleId, CacheRuleBody>;
