/** The embedders that are loaded when they are chosen. */
export { EndpointEmbedder } from "./endpoint.ts";
export { LocalModelEmbedder } from "./local_model.ts";
