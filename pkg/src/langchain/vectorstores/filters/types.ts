import type { DocumentInterface } from "@langchain/core/documents";

/** What is asked of a field. All of it must hold. A date stands for its JSON, which is what is kept of one. */
export interface FilterConditions {
  /** The field equals this; an array does if one of its items does. */
  $eq?: unknown;
  /** `$eq` does not hold, or the field is missing. */
  $ne?: unknown;
  /** The field equals one of these. */
  $in?: readonly unknown[];
  /** `$in` does not hold, or the field is missing. */
  $nin?: readonly unknown[];
  /** The field is greater: a number than a number, a text than a text. */
  $gt?: string | number | Date;
  /** The field is greater or equal. */
  $gte?: string | number | Date;
  /** The field is less. */
  $lt?: string | number | Date;
  /** The field is less or equal. */
  $lte?: string | number | Date;
  /** Whether the field is there. */
  $exists?: boolean;
  /** These conditions do not all hold. */
  $not?: FilterConditions;
}

/** What joins filters, beside the fields. */
export interface FilterLogic {
  /** All of these hold. */
  $and?: readonly MetadataFilter[];
  /** One of these holds. */
  $or?: readonly MetadataFilter[];
  /** This does not hold. */
  $not?: MetadataFilter;
}

/**
 * What metadata must be like. Each name is a field; dots lead into objects (`"loc.lines.from"`), and through an array into
 * each of its objects (`"authors.name"`). Its value is what the field equals, an array of which it equals one, or conditions.
 * A field that is missing meets `$ne`, `$nin`, `$exists: false` and what `$not` turns round, and nothing else.
 */
export type MetadataFilter = (FilterLogic & { [field: string]: unknown }) | (FilterLogic & object);

/**
 * Which documents a call is about: a filter of metadata, whose answers are kept from one call to the next, or a function,
 * which each call asks about each document, and which must not change it.
 */
export type VectorStoreFilter = MetadataFilter | ((document: DocumentInterface) => boolean);
