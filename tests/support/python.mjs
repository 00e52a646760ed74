/** A Python with the libraries that our values are exchanged with. */

import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./child.mjs";

/** What is installed, with whatever these ask for. */
const PACKAGES = ["langchain-community==0.4.2", "langchain-core==1.7.2", "upstash-redis==1.8.0"];
const INSTALL = "apt-get update && apt-get install -y python3-venv";
const FOLDER = fileURLToPath(new URL("../../target/python", import.meta.url));

/** The path of a `python` with `PACKAGES`; installs them, in `target/python`, unless these very versions are there. */
export async function python() {
  const [program, stamp] = [join(FOLDER, "bin", "python"), join(FOLDER, "stamp")];
  const wanted = `${PACKAGES.join("\n")}\n`;
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return program;
  await rm(FOLDER, { recursive: true, force: true });
  await step("python3", ["-m", "venv", FOLDER], `python3 makes no environments:\n${INSTALL}\n`);
  const pip = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--quiet",
    "--only-binary",
    ":all:",
  ];
  await step(program, [...pip, ...PACKAGES], `pip did not install ${PACKAGES.join(" ")}: `);
  await writeFile(stamp, wanted); // last: what was broken off begins anew
  return program;
}

async function step(command, args, complaint) {
  const { code, stdout, stderr } = await run(command, args, { timeout: 300_000 }).catch((error) => {
    throw new Error(`${complaint}${error.message}`);
  });
  if (code !== 0) throw new Error(`${complaint}${stdout}${stderr}`);
}
