import { Document } from "@langchain/core/documents";
import {
  BaseMemory,
  getInputValue,
  type InputValues,
  type MemoryVariables,
  type OutputValues,
} from "@langchain/core/memory";
import type { VectorStoreRetrieverInterface } from "@langchain/core/vectorstores";
import { checkText } from "../../core/arguments.js";
import { invalid, kindOf, shown } from "../../core/error.js";
import { checkOptions, nonEmptyText } from "../../core/options.js";
import { remember, retriever } from "./remember.js";
import { Turns, type TurnsOptions, turnsChecks } from "./turns.js";

type MetadataFunction = (inputValues?: InputValues, outputValues?: OutputValues) => object;

/** Options of `VectorStoreRetrieverMemory`: LangChain's, and more. `null` is as good as none. */
export interface VectorStoreRetrieverMemoryOptions extends TurnsOptions {
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
export type VectorStoreRetrieverMemoryParams = VectorStoreRetrieverMemoryOptions;

/**
 * A memory of what was said, by what it is about: LangChain's class of this name, from `@langchain/classic/memory`, kept by
 * any vector store. A changed import suffices.
 *
 * Turns have `createdAt` (ms since 1970) in their metadata, unless you give one; they expire (`ttl`), belong to a `session`
 * if one is named, and can be forgotten (`clear`), for which their metadata has `bytestowTurn` and `bytestowSession`. Turns
 * that LangChain's class has kept are found as well, but by a memory of a `session`; they do not expire, and stay.
 */
export class VectorStoreRetrieverMemory extends BaseMemory {
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
  readonly #excluded: Set<string>;
  readonly #turns: Turns;

  /** @throws `invalid_argument` for a bad or unknown option, or without a retriever. */
  constructor(options: VectorStoreRetrieverMemoryOptions) {
    super();
    const checked = checkOptions<VectorStoreRetrieverMemoryOptions>("VectorStoreRetrieverMemory", options, {
      vectorStoreRetriever: retriever,
      inputKey: ifGiven(checkText),
      outputKey: ifGiven(checkText),
      memoryKey: ifGiven(nonEmptyText),
      excludeKeys: ifGiven(excludeKeys),
      returnDocs: ifGiven(flag),
      metadata: ifGiven(metadataOf),
      ...turnsChecks,
    });
    this.vectorStoreRetriever = retriever(checked.vectorStoreRetriever, "vectorStoreRetriever");
    if (typeof checked.inputKey === "string") this.inputKey = checked.inputKey;
    if (typeof checked.outputKey === "string") this.outputKey = checked.outputKey;
    this.memoryKey = checked.memoryKey ?? "memory";
    this.returnDocs = checked.returnDocs ?? false;
    if (checked.metadata) this.metadata = checked.metadata;
    this.#excluded = new Set(checked.excludeKeys);
    this.#turns = new Turns(checked);
  }

  /** The names under which turns are given. */
  get memoryKeys(): string[] {
    return [this.memoryKey];
  }

  /** The turns that are most like the input, as one text or as documents. */
  async loadMemoryVariables(values: InputValues): Promise<MemoryVariables> {
    const found = await remember(this.vectorStoreRetriever, this.#turns, getInputValue(values, this.inputKey));
    return { [this.memoryKey]: this.returnDocs ? found : found.map(({ pageContent }) => pageContent).join("\n\n") };
  }

  /**
   * Keeps a turn: of `inputKey` and `outputKey` alone where they are given, without excluded keys.
   *
   * @throws `invalid_argument` where what these name is not there.
   */
  async saveContext(inputValues: InputValues, outputValues: OutputValues): Promise<void> {
    mustHave(inputValues, this.inputKey, "inputKey");
    mustHave(outputValues, this.outputKey, "outputKey");
    const metadata = typeof this.metadata === "function" ? this.metadata(inputValues, outputValues) : this.metadata;
    const lines = [...this.#lines(inputValues, this.inputKey), ...this.#lines(outputValues, this.outputKey)];
    await this.vectorStoreRetriever.addDocuments([new Document(this.#turns.document(lines, metadata))]);
  }

  /**
   * Forgets this memory's turns, of its `session` if it has one.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  async clear(): Promise<void> {
    await this.#turns.forget(this.vectorStoreRetriever.vectorStore, false);
  }

  /**
   * Deletes turns that have expired, which otherwise are only not found any more.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  async prune(): Promise<void> {
    await this.#turns.forget(this.vectorStoreRetriever.vectorStore, true);
  }

  #lines(values: Record<string, unknown>, only: string | undefined): [string, unknown][] {
    return Object.entries(values).filter(
      ([name]) => name !== this.memoryKey && !this.#excluded.has(name) && (only === undefined || name === only),
    );
  }
}

/** LangChain's class takes `null` for what is left out. */
function ifGiven(check: (value: unknown, name: string) => unknown): (value: unknown, name: string) => unknown {
  return (value, name) => (value === null ? null : check(value, name));
}

/** A turn without its question, or without the answer, is none. */
function mustHave(values: Record<string, unknown>, key: string | undefined, name: string): void {
  if (key === undefined || Object.hasOwn(values, key)) return;
  const there = Object.keys(values).map(shown).join(", ");
  throw invalid(`${name} is ${shown(key)}, which the turn does not have: there is ${there || "nothing"}`);
}

function excludeKeys(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw invalid(`${name} must be an array of strings, not ${kindOf(value)}`);
  return value.map((each: unknown, at) => checkText(each, `${name}[${at}]`));
}

function flag(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw invalid(`${name} must be true or false, not ${kindOf(value)}`);
  return value;
}

function metadataOf(value: unknown, name: string): unknown {
  if (typeof value === "function" || (typeof value === "object" && value !== null)) return value;
  throw invalid(`${name} must be an object or a function, not ${kindOf(value)}`);
}
