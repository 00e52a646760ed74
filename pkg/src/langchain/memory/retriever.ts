import type { CallbackManagerForRetrieverRun } from "@langchain/core/callbacks/manager";
import { Document, type DocumentInterface } from "@langchain/core/documents";
import { BaseRetriever } from "@langchain/core/retrievers";
import type { VectorStoreRetrieverInterface } from "@langchain/core/vectorstores";
import { invalid, kindOf } from "../../core/error.js";
import { checkOptions } from "../../core/options.js";
import { remember, retriever } from "./remember.js";
import { Turns, type TurnsOptions, turnsChecks } from "./turns.js";

/** Options of `MemoryRetriever`. */
export interface MemoryRetrieverOptions extends TurnsOptions {
  /** What finds turns and takes new ones: a vector store's retriever. */
  retriever: VectorStoreRetrieverInterface;
}

/** What was said at one side of a turn: a text, or several by name. */
export type TurnSide = string | object;

/**
 * A memory of what was said, as a retriever: it stands wherever LangChain takes one, and has `addTurn` beside. What it finds
 * is what `VectorStoreRetrieverMemory` over the same vector store does, and the other way round.
 */
export class MemoryRetriever extends BaseRetriever {
  /** Where LangChain's serialisation files the class. */
  lc_namespace = ["bytestow", "memory"];
  /** What finds turns and takes new ones. */
  readonly retriever: VectorStoreRetrieverInterface;
  readonly #turns: Turns;

  /** The class's name in LangChain's serialisation. */
  static override lc_name(): string {
    return "MemoryRetriever";
  }

  /** @throws `invalid_argument` for a bad or unknown option, or without a retriever. */
  constructor(options: MemoryRetrieverOptions) {
    const checked = checkOptions<MemoryRetrieverOptions>("MemoryRetriever", options, { retriever, ...turnsChecks });
    super({});
    this.retriever = retriever(checked.retriever, "retriever");
    this.#turns = new Turns(checked);
  }

  /** Keeps a turn, a line for each value. Gives its id, where the vector store gives one. */
  async addTurn(
    input: TurnSide,
    output: TurnSide,
    options?: { metadata?: object | undefined },
  ): Promise<string | undefined> {
    const lines = [...linesOf(input, "input"), ...linesOf(output, "output")];
    const ids = await this.retriever.addDocuments([new Document(this.#turns.document(lines, options?.metadata))]);
    return Array.isArray(ids) ? ids[0] : undefined;
  }

  /**
   * Forgets the turns of the `session`, of all if none is named.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  async clear(): Promise<void> {
    await this.#turns.forget(this.retriever.vectorStore, false);
  }

  /**
   * Deletes turns that have expired, which otherwise are only not found any more.
   *
   * @throws `unsupported` unless the retriever is one of a `ByteStoreVectorStore`.
   */
  async prune(): Promise<void> {
    await this.#turns.forget(this.retriever.vectorStore, true);
  }

  /** What a chain asks. */
  override _getRelevantDocuments(
    query: string,
    runManager?: CallbackManagerForRetrieverRun,
  ): Promise<DocumentInterface[]> {
    return remember(this.retriever, this.#turns, query, runManager?.getChild());
  }
}

function linesOf(side: TurnSide, name: string): [string, unknown][] {
  if (typeof side === "string") return [[name, side]];
  if (typeof side === "object" && side !== null && !Array.isArray(side)) return Object.entries(side);
  throw invalid(`${name} must be a text or an object of texts, not ${kindOf(side)}`);
}
