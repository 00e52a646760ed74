/** Which embedder the person has chosen, by the form of step 3. */
import { element } from "../dom.ts";
import { PageError } from "../errors.ts";
import { part } from "../lazy.ts";
import { HashingEmbedder } from "./hashing.ts";
import type { PageEmbedder } from "./model.ts";

/** The other embedders, which most visitors never choose. */
const others = () => import("./others.ts");

/** What the choice tells of. */
export interface ChoiceListener {
  /** Another embedder, or another setting of it. */
  changed(): void;
  /** The embedder that was chosen could not be loaded. */
  failed(error: unknown): void;
}

/** The form. */
export class Choice {
  readonly #form = element("embedder", HTMLElement);
  readonly #fields = element("endpoint-fields", HTMLElement);
  readonly #key = element("endpoint-key", HTMLInputElement);
  readonly #hashing = new HashingEmbedder();
  #others: Awaited<ReturnType<typeof others>> | undefined;
  #local: PageEmbedder | undefined;
  #endpoint: PageEmbedder | undefined;
  readonly #listener: ChoiceListener;

  constructor(listener: ChoiceListener) {
    this.#listener = listener;
    // A reload may have left another choice in the form than it comes with.
    if (this.#chosen() !== "hashing") void this.#changed();
    this.#form.addEventListener("change", () => this.#changed());
    element("endpoint-forget", HTMLButtonElement).addEventListener("click", () => {
      this.#key.value = "";
      this.#key.focus();
      void this.#changed();
    });
  }

  /** The embedder. @throws `PageError` where the form says too little of it. */
  get embedder(): PageEmbedder {
    const chosen = this.#chosen();
    if (chosen === "hashing") return this.#hashing;
    if (this.#others === undefined) throw new PageError("The embedder is not loaded yet.", "Try again in a moment.");
    this.#local ??= new this.#others.LocalModelEmbedder();
    if (chosen === "local") return this.#local;
    this.#endpoint ??= this.#makeEndpoint(this.#others);
    return this.#endpoint;
  }

  /** Waits until what was chosen is loaded; tries again where it was not to be had before. */
  async ready(): Promise<void> {
    if (this.#chosen() === "hashing" || this.#others !== undefined) return;
    this.#others = await part(others);
    this.#listener.changed();
  }

  #makeEndpoint({ EndpointEmbedder }: Awaited<ReturnType<typeof others>>): PageEmbedder {
    const value = (id: string) => element(id, HTMLInputElement).value.trim();
    const dimensions = value("endpoint-dimensions");
    if (dimensions !== "" && !/^[1-9]\d{0,4}$/u.test(dimensions)) {
      throw new PageError("The dimensions are no whole number.", "Enter one that the model knows, or leave it empty.");
    }
    const settings = {
      baseUrl: value("endpoint-url"),
      model: value("endpoint-model"),
      dimensions: dimensions === "" ? undefined : Number(dimensions),
      key: this.#key.value.trim(),
    };
    return new EndpointEmbedder(settings);
  }

  #chosen(): string {
    return this.#form.querySelector<HTMLInputElement>("input[name=embedder]:checked")?.value ?? "hashing";
  }

  async #changed(): Promise<void> {
    this.#endpoint = undefined;
    this.#fields.hidden = this.#chosen() !== "endpoint";
    this.#listener.changed();
    await this.ready().catch((error) => this.#listener.failed(error));
  }
}
