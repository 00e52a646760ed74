/**
 * The public declarations of each entry on one page: what it exports, and what that mentions, with the doc comments.
 * Written to be reviewed: a change of the interface is a change of these pages.
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { testsRoot } from "../../support/package.mjs";
import { behind, entriesOf, exportsOf, ts } from "./typescript.mjs";

/**
 * The page of each entry, by the entry's name.
 * @param {string} app where the package is installed
 * @param {Record<string, string>} [instead] what is to stand in files of the package instead
 * @returns {Map<string, string>}
 */
export function surfaces(app, instead) {
  const { checker, entries, root } = entriesOf(app, instead);
  const main = exportsOf(checker, entries.get("index"));
  const inMain = new Map([...main].map(([name, { symbol }]) => [symbol, name]));
  const pages = [...entries].map(([name, module]) => {
    const known = name === "index" ? new Map() : inMain;
    return [name, page(name, exportsOf(checker, module), known, checker, root)];
  });
  return new Map(pages);
}

/** One page. What the main entry exports (`known`) stands there, and is only named here. */
function page(name, exported, known, checker, root) {
  const all = [...exported].map(([as, { symbol, isValue }]) => ({ as, symbol, isValue }));
  const own = all.filter(({ symbol }) => !known.has(symbol));
  const again = all.filter(({ symbol }) => known.has(symbol));
  const { declared, mentioned } = reachable(own, known, checker, root);
  const imported = [...mentioned].map((symbol) => known.get(symbol)).sort();
  const declarations = [...declared].sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((each) => each.declarations);
  const text = declarations.map(printed).join("\n\n");
  const parts = [
    `/** \`${name === "index" ? "bytestow" : `bytestow/${name}`}\`, as its types are. Written by write.mjs. */`,
    text.includes("#private") && "// biome-ignore-all lint/correctness: as the compiler has written it",
    imported.length > 0 && `import type { ${imported.join(", ")} } from "./index.js";`,
    again.length > 0 && `export { ${listed(again)} } from "./index.js";`,
    `export { ${listed(own)} };`,
    text,
  ];
  return formatted(parts.filter(Boolean).join("\n\n"));
}

function listed(exported) {
  const named = ({ as, symbol }) => (symbol.name === as ? as : `${symbol.name} as ${as}`);
  return exported.map((each) => (each.isValue ? named(each) : `type ${named(each)}`)).join(", ");
}

/** What is exported is made of, as far as the package declares it: in full, or by name where it is `known`. */
function reachable(exported, known, checker, root) {
  const [declared, mentioned] = [new Set(), new Set()];
  const visit = (symbol) => {
    if (declared.has(symbol) || !symbol.declarations?.some((each) => isTopLevel(each, root))) return;
    if (known.has(symbol)) {
      mentioned.add(symbol);
      return;
    }
    declared.add(symbol);
    for (const declaration of symbol.declarations) mentions(declaration);
  };
  const mentions = (node) => {
    const symbol = ts.isIdentifier(node) && checker.getSymbolAtLocation(node);
    if (symbol) visit(behind(checker, symbol));
    ts.forEachChild(node, mentions);
  };
  for (const { symbol } of exported) visit(symbol);
  return { declared, mentioned };
}

function isTopLevel(node, root) {
  return node.getSourceFile().fileName.startsWith(join(root, "dist")) && ts.isSourceFile(statementOf(node).parent);
}

/** Of a variable, the statement that declares it. */
function statementOf(node) {
  return ts.isVariableDeclaration(node) ? node.parent.parent : node;
}

/** A declaration with its doc comment; what is exported is said on top. */
function printed(declaration) {
  const node = statementOf(declaration);
  const file = node.getSourceFile();
  const comment = node.jsDoc?.at(-1)?.getText(file) ?? "";
  const text = node.getText(file).replace(/^(?:export\s+)?(?:declare\s+)?/u, "");
  const declares = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ? "" : "declare ";
  return `${comment}\n${declares}${text}`;
}

/** As the repository formats and sorts its files. */
function formatted(text) {
  const biome = join(testsRoot, "node_modules", ".bin", "biome");
  const args = ["check", "--write", "--stdin-file-path=packaging/declarations/page.d.ts"];
  return execFileSync(biome, args, { cwd: testsRoot, input: text, encoding: "utf8" });
}
