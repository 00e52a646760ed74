import type { VectorStoreRuleId } from "../contract.js";
import { abort } from "./abort.js";
import { errors } from "./arguments.js";
import type { VectorStoreRuleBody } from "./body.js";
import { deletes } from "./deletes.js";
import { failures } from "./failures.js";
import { filters } from "./filters.js";
import { following } from "./following.js";
import { handles } from "./handles.js";
import { history } from "./history.js";
import { inputs } from "./inputs.js";
import { mmr } from "./mmr.js";
import { python } from "./python.js";
import { reopening } from "./reopening.js";
import { searches } from "./searches.js";
import { vectors } from "./vectors.js";

/** What checks each rule on vector stores. The compiler holds this to the titles: a rule without a body is an error. */
export const bodies = {
  ...python,
  ...mmr,
  ...vectors,
  ...searches,
  ...filters,
  ...following,
  ...deletes,
  ...inputs,
  ...reopening,
  ...handles,
  ...failures,
  ...history,
  ...abort,
  ...errors,
} satisfies Record<VectorStoreRuleId, VectorStoreRuleBody>;
