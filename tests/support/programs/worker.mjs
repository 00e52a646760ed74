/** A program in a Worker: each request is a step. */

import "./prelude.mjs"; // before the package

import * as bytestow from "bytestow";
import * as embeddings from "bytestow-embeddings";
import * as glue from "bytestow-glue";
import * as runtime from "bytestow-runtime";
import { steps } from "bytestow-steps";
import { watched } from "./prelude.mjs";

const all = { ...watched, ...steps({ bytestow, embeddings, glue, runtime, watched }) };

export default {
  async fetch(request) {
    const { step, given } = await request.json();
    try {
      return Response.json({ value: (await all[step](given)) ?? null });
    } catch (error) {
      return Response.json({ error: String(error?.stack ?? error) });
    }
  },
};
