/** Python with LangChain's community package, in an environment of its own under `target`, made once. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../child.mjs";
import { testsRoot } from "../package.mjs";

const PACKAGES = ["langchain-community==0.4.2", "langchain-core==1.7.2", "upstash-redis==1.8.0"];

const [folder, bin] = [join(testsRoot, "..", "target", "python"), "bin"];

async function must(what, remedy, command, args) {
  const { code, stderr, stdout } = await run(command, args, { timeout: 600_000 }).catch((error) => ({
    code: error.code,
    stderr: error.message,
    stdout: "",
  }));
  if (code !== 0) throw new Error(`cannot ${what}: ${remedy}\n${stdout}${stderr}`);
}

/** The interpreter. Made anew if the packages that it is to have are others than when it was made. */
export async function python() {
  const [stamp, interpreter] = [join(folder, ".packages"), join(folder, bin, "python")];
  const wanted = createHash("sha256").update(PACKAGES.join("\n")).digest("hex");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return interpreter;
  await rm(folder, { recursive: true, force: true });
  const install = "apt-get update && apt-get install -y python3 python3-venv";
  await must("make an environment for Python", install, "python3", ["-m", "venv", folder]);
  await must("install LangChain for Python", "is PyPI within reach?", interpreter, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    ...PACKAGES,
  ]);
  await writeFile(stamp, wanted);
  return interpreter;
}
