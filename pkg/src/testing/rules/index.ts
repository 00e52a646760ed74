import type { RuleId } from "../contract.js";
import { abort } from "./abort.js";
import type { RuleBody } from "./body.js";
import { deletes } from "./deletes.js";
import { errors } from "./errors.js";
import { keys } from "./keys.js";
import { langchain } from "./langchain.js";
import { lifecycle } from "./lifecycle.js";
import { listing } from "./listing.js";
import { namespaces } from "./namespaces.js";
import { order } from "./order.js";
import { python } from "./python.js";
import { reads } from "./reads.js";
import { ttl } from "./ttl.js";
import { values } from "./values.js";
import { writes } from "./writes.js";

/** What checks each rule of the contract. The compiler holds this to the titles: a rule without a body is an error. */
export const bodies = {
  ...python,
  ...order,
  ...reads,
  ...writes,
  ...deletes,
  ...listing,
  ...keys,
  ...values,
  ...namespaces,
  ...ttl,
  ...abort,
  ...langchain,
  ...errors,
  ...lifecycle,
} satisfies Record<RuleId, RuleBody>;
