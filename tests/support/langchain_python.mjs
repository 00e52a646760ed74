/** LangChain for Python's cache of embeddings, in a process that answers requests: `programs/langchain_cache.py`. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { venv } from "./venv.mjs";

const PROGRAM = fileURLToPath(new URL("programs/langchain_cache.py", import.meta.url));

/** Starts it. `call(name, fields)` gives what the function of that name answers; one call at a time. */
export async function startPython() {
  const child = spawn(await venv(), [PROGRAM]);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  child.stdin.on("error", () => {}); // it ended without reading: the next answer tells
  const closed = new Promise((resolve) => {
    child.once("error", (error) => {
      said += error;
    });
    child.once("close", resolve);
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async call(name, fields) {
      child.stdin.write(`${JSON.stringify({ call: name, ...fields })}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`Python ended: ${said}`);
      const { answer, error } = JSON.parse(value);
      if (error !== undefined) throw new Error(error);
      return answer;
    },
    async close() {
      child.stdin.end();
      await closed;
    },
  };
}
