/** A program in a page. */

import "./prelude.mjs"; // before the package

import * as bytestow from "bytestow";
import * as embeddings from "bytestow-embeddings";
import * as glue from "bytestow-glue";
import * as runtime from "bytestow-runtime";
import { steps } from "bytestow-steps";
import { watched } from "./prelude.mjs";

// Only Firefox lets a page ask for it, where its tests' preference is set.
const gc = globalThis.TestUtils && (() => globalThis.TestUtils.gc());
const all = { ...watched, ...steps({ bytestow, embeddings, glue, runtime, gc, watched }) };
globalThis.ask = ([step, given]) => all[step](given);
globalThis.ready = true;
