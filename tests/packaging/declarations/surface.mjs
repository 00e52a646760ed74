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
  const known = new Map();
  const pages = [...entries].map(([name, module]) => {
    const exported = exportsOf(checker, module);
    const text = page(name, exported, known, checker, root);
    if (DECLARES.has(name)) {
      for (const [as, { symbol }] of exported) if (!known.has(symbol)) known.set(symbol, { as, from: pageOf(name) });
    }
    return [name, text];
  });
  return new Map(pages);
}

/** The entries whose exports other entries have again. */
const DECLARES = new Set(["index", "embeddings", "vectorstores"]);

/** The name of an entry's page, without the ending. */
export function pageOf(entry) {
  return entry.replaceAll("/", "-");
}

/** One page. What an earlier one declares (`known`) stands there, and is only named here. */
function page(name, exported, known, checker, root) {
  const all = [...exported].map(([as, { symbol, isValue }]) => ({ as, symbol, isValue }));
  const own = all.filter(({ symbol }) => !known.has(symbol));
  const again = all.filter(({ symbol }) => known.has(symbol));
  const { declared, mentioned, foreign } = reachable(own, known, checker, root);
  const declarations = [...declared].sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((each) => each.declarations);
  const text = declarations.map(printed).join("\n\n");
  const imported = [...mentioned].map((symbol) => ({
    text: known.get(symbol).as,
    from: `./${known.get(symbol).from}.js`,
  }));
  const passedOn = again.map((each) => ({ text: listed([each]), from: `./${known.get(each.symbol).from}.js` }));
  const parts = [
    `/** \`${name === "index" ? "bytestow" : `bytestow/${name}`}\`, as its types are. Written by write.mjs. */`,
    text.includes("#private") && "// biome-ignore-all lint/correctness: as the compiler has written it",
    ...byModule([...imported, ...foreign]).map(([from, names]) => `import type { ${names} } from "${from}";`),
    ...byModule(passedOn).map(([from, names]) => `export { ${names} } from "${from}";`),
    own.length > 0 && `export { ${listed(own)} };`,
    text,
  ];
  return formatted(parts.filter(Boolean).join("\n\n"));
}

/** Each module once, with the names that come from it. */
function byModule(imports) {
  const found = new Map();
  for (const { from, text } of imports) found.set(from, (found.get(from) ?? new Set()).add(text));
  return [...found].sort().map(([from, names]) => [from, [...names].sort().join(", ")]);
}

function listed(exported) {
  const named = ({ as, symbol }) => (symbol.name === as ? as : `${symbol.name} as ${as}`);
  return exported.map((each) => (each.isValue ? named(each) : `type ${named(each)}`)).join(", ");
}

/**
 * What is exported is made of, as far as the package declares it: in full, or by name where it is `known`; and what is
 * imported from elsewhere for it.
 */
function reachable(exported, known, checker, root) {
  const [declared, mentioned, foreign] = [new Set(), new Set(), new Set()];
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
    const from = symbol && importedFrom(symbol);
    if (from && !from.startsWith(".")) foreign.add({ text: symbol.name, from });
    ts.forEachChild(node, mentions);
  };
  for (const { symbol } of exported) visit(symbol);
  return { declared, mentioned, foreign };
}

/** By what name the module is known that a symbol was imported from, if it was. */
function importedFrom(symbol) {
  const specifier = symbol.declarations?.find(ts.isImportSpecifier);
  return specifier?.parent.parent.parent.moduleSpecifier.text;
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
