// Writes recorded.json anew: `BYTESTOW_RECORD=1 node record.mjs && npm run format`. Look at the difference before you keep it.

import { writeFileSync } from "node:fs";
import { brokenStores } from "./index.mjs";
import { brokenRulesOf } from "./run.mjs";

const found = await brokenRulesOf(brokenStores);
const lines = brokenStores.map(({ name }) => `  ${JSON.stringify(name)}: ${JSON.stringify(found.get(name))}`);
writeFileSync(new URL("recorded.json", import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
