/** A Python with the packages of `requirements.txt`. Several processes may ask for it at once. */

import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./child.mjs";

const REQUIREMENTS = fileURLToPath(new URL("requirements.txt", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../target/venv", import.meta.url));
const INSTALL = "apt-get update && apt-get install -y python3-venv";
// Not compiled: of thousands of modules some dozens are imported.
const QUIET = ["--disable-pip-version-check", "--no-input", "--quiet", "--no-compile"];
const PIP = ["-m", "pip", "install", ...QUIET, "--only-binary", ":all:"];

/** The path of a `python` with the packages; installs them, in `target/venv`, unless these very versions are there. */
export async function venv() {
  const wanted = await readFile(REQUIREMENTS, "utf8");
  const program = join(FOLDER, "bin", "python");
  if (await holds(FOLDER, wanted)) return program;
  const fresh = `${FOLDER}-${process.pid}`; // it becomes the folder when it is whole
  try {
    await step("python3", ["-m", "venv", fresh], `python3 makes no environments:\n${INSTALL}\n`);
    await step(join(fresh, "bin", "python"), [...PIP, "-r", REQUIREMENTS], "pip did not install them: ");
    await writeFile(join(fresh, "stamp"), wanted);
    // Another process may have been quicker: then that one's is taken.
    if (!(await holds(FOLDER, wanted))) await rm(FOLDER, { recursive: true, force: true });
    await rename(fresh, FOLDER).catch(async (error) => {
      if (!(await holds(FOLDER, wanted))) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return program;
}

async function holds(folder, wanted) {
  const stamp = join(folder, "stamp");
  return existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted;
}

async function step(command, args, complaint) {
  const { code, stdout, stderr } = await run(command, args, { timeout: 900_000 }).catch((error) => {
    throw new Error(`${complaint}${error.message}`);
  });
  if (code !== 0) throw new Error(`${complaint}${stdout}${stderr}`);
}
