/** `bytestow/memory`, as its types are. Written by write.mjs. */

// biome-ignore-all lint/correctness: as the compiler has written it

import type { CallbackManagerForRetrieverRun } from "@langchain/core/callbacks/manager";

import type { DocumentInterface } from "@langchain/core/documents";

import type { BaseMemory, InputValues, MemoryVariables, OutputValues } from "@langchain/core/memory";

import type { BaseRetriever } from "@langchain/core/retrievers";

import type { VectorStoreRetrieverInterface } from "@langchain/core/vectorstores";

export {
  MemoryRetriever,
  type MemoryRetrieverOptions,
  type TurnSide,
  type TurnsOptions,
  VectorStoreRetrieverMemory,
  type VectorStoreRetrieverMemoryOptions,
  type VectorStoreRetrieverMemoryParams,
};

/**
 * A memory of what was said, as a retriever: it stands wherever LangChain takes one, and has `addTurn` beside. What it finds
 * is what `VectorStoreRetrieverMemory` over the same vector store does, and the other way round.
 */
declare class MemoryRetriever extends BaseRetriever {
  #private;
  /** Where LangChain's serialisation files the class. */
  lc_namespace: string[];
  /** What finds turns and takes new ones. */
  readonly retriever: VectorStoreRetrieverInterface;
  /** The class's name in LangChain's serialisation. */
  static lc_name(): string;
  /** @throws `invalid_argument` for a bad or unknown option, or without a retriever. */
  constructor(options: MemoryRetrieverOptions);
  /** Keeps a turn, a line for each value. Gives its id, where the vector store gives one. */
  addTurn(
    input: TurnSide,
    output: TurnSide,
    options?: {
      metadata?: object | undefined;
    },
  ): Promise<string | undefined>;
  /**
   * Forgets the turns of the `session`, of all if none is named.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  clear(): Promise<void>;
  /**
   * Deletes turns that have expired, which otherwise are only not found any more.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  prune(): Promise<void>;
  /** What a chain asks. */
  _getRelevantDocuments(query: string, runManager?: CallbackManagerForRetrieverRun): Promise<DocumentInterface[]>;
}

/** Options of `MemoryRetriever`. */
interface MemoryRetrieverOptions extends TurnsOptions {
  /** What finds turns and takes new ones: a vector store's retriever. */
  retriever: VectorStoreRetrieverInterface;
}

type MetadataFunction = (inputValues?: InputValues, outputValues?: OutputValues) => object;

/** What was said at one side of a turn: a text, or several by name. */
type TurnSide = string | object;

/** Which turns a memory is about. */
interface TurnsOptions {
  /**
   * Whose turns these are. Given, it stands in the metadata (`bytestowSession`), and no other turns are found or deleted.
   */
  session?: string | undefined;
  /** How long a turn is remembered, in seconds (fractions allowed, above 0); for good unless given. */
  ttl?: number | undefined;
  /** The clock, in ms since 1970; `Date.now` unless given. For tests. */
  now?: (() => number) | undefined;
}

/**
 * A memory of what was said, by what it is about: LangChain's class of this name, from `@langchain/classic/memory`, kept by
 * any vector store. A changed import suffices.
 *
 * Turns have `createdAt` (ms since 1970) in their metadata, unless you give one; they expire (`ttl`), belong to a `session`
 * if one is named, and can be forgotten (`clear`), for which their metadata has `bytestowTurn` and `bytestowSession`. Turns
 * that LangChain's class has kept are found as well, but by a memory of a `session`; they do not expire, and stay.
 */
declare class VectorStoreRetrieverMemory extends BaseMemory {
  #private;
  /** What finds turns and takes new ones. */
  vectorStoreRetriever: VectorStoreRetrieverInterface;
  /** Which of the inputs is asked by, and kept. */
  inputKey?: string;
  /** Which of the outputs is kept. */
  outputKey?: string;
  /** Under what name turns are given. */
  memoryKey: string;
  /** Whether turns are given as documents. */
  returnDocs: boolean;
  /** Metadata of a turn, or what makes it. */
  metadata?: object | MetadataFunction;
  /** @throws `invalid_argument` for a bad or unknown option, or without a retriever. */
  constructor(options: VectorStoreRetrieverMemoryOptions);
  /** The names under which turns are given. */
  get memoryKeys(): string[];
  /** The turns that are most like the input, as one text or as documents. */
  loadMemoryVariables(values: InputValues): Promise<MemoryVariables>;
  /**
   * Keeps a turn: of `inputKey` and `outputKey` alone where they are given, without excluded keys.
   *
   * @throws `invalid_argument` where what these name is not there.
   */
  saveContext(inputValues: InputValues, outputValues: OutputValues): Promise<void>;
  /**
   * Forgets this memory's turns, of its `session` if it has one.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  clear(): Promise<void>;
  /**
   * Deletes turns that have expired, which otherwise are only not found any more.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  prune(): Promise<void>;
}

/** Options of `VectorStoreRetrieverMemory`: LangChain's, and more. `null` is as good as none. */
interface VectorStoreRetrieverMemoryOptions extends TurnsOptions {
  /** What finds turns and takes new ones: a vector store's retriever. */
  vectorStoreRetriever: VectorStoreRetrieverInterface;
  /** Which of the inputs is asked by, and kept; needed where there are several. All of them are kept unless given. */
  inputKey?: string | null | undefined;
  /** Which of the outputs is kept; all of them unless given. */
  outputKey?: string | null | undefined;
  /** Under what name turns are given, `"memory"` unless said. An input of this name is not kept. */
  memoryKey?: string | null | undefined;
  /** Inputs and outputs that are not kept. */
  excludeKeys?: string[] | null | undefined;
  /** Whether turns are given as documents; as one text unless said. */
  returnDocs?: boolean | null | undefined;
  /** Metadata of a turn, or what makes it of the inputs and outputs. */
  metadata?: object | MetadataFunction | null | undefined;
}

/** What LangChain calls these options. */
type VectorStoreRetrieverMemoryParams = VectorStoreRetrieverMemoryOptions;
