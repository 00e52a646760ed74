/** What is known of a model without asking it. */

import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { checkText } from "../core/arguments.js";
import { type BytestowError, invalid, kindOf } from "../core/error.js";

/** Any embeddings of LangChain's, in arrays of either kind. */
export type Model = EmbeddingsInterface<ArrayLike<number>>;

/** An object with the two methods. */
export function embeddings(value: unknown, name: string): Model {
  if (typeof value !== "object" || value === null) throw invalid(`${name} must be embeddings, not ${kindOf(value)}`);
  for (const method of ["embedDocuments", "embedQuery"]) {
    if (typeof (value as Record<string, unknown>)[method] !== "function") {
      throw invalid(`${name} must be embeddings: it has no method ${method}`);
    }
  }
  return value as Model;
}

/** What the embeddings say that their model is called. */
export function nameOf(model: Model, option: string): string {
  const { model: name } = model as { model?: unknown };
  if (typeof name === "string" && name !== "") return checkText(name, "embeddings.model");
  throw unnamed(option);
}

/** The error where nothing names the model. */
export function unnamed(option: string): BytestowError {
  return invalid(
    `${option} is missing: pass the name of the model that embeds, so that vectors of two models never meet`,
  );
}

/** For how many numbers the model is asked, where they say so. */
export function dimensionsOf(model: Model): number | undefined {
  const { dimensions } = model as { dimensions?: unknown };
  return typeof dimensions === "number" && Number.isSafeInteger(dimensions) && dimensions > 0 ? dimensions : undefined;
}
