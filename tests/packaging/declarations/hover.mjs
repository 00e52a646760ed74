/** What an editor shows over each public name, asked of TypeScript's language service as an editor does. */

import { join } from "node:path";
import { entriesOf, exportsOf, languageService, ts } from "./typescript.mjs";

/**
 * Every public name of the package, written down by a consumer, and what hovering over it there tells.
 * @param {string} app where the package is installed
 * @param {Record<string, string>} [instead] what is to stand in files of the package instead
 * @returns {{ name: string, documentation: string }[]}
 */
export function hovers(app, instead) {
  const { checker, entries, root } = entriesOf(app, instead);
  const found = [];
  for (const [entry, module] of entries) {
    const specifier = entry === "index" ? "bytestow" : `bytestow/${entry}`;
    const { text, spots } = consumer(specifier, exportsOf(checker, module), checker, root);
    const file = join(app, `${entry}.mts`);
    const service = languageService(app, { [`${entry}.mts`]: text }, instead);
    for (const { name, at } of spots) {
      const info = service.getQuickInfoAtPosition(file, at);
      if (info === undefined)
        throw new Error(`nothing is known of ${specifier} ${name} at ${text.slice(at - 40, at + 20)}`);
      // A constructor's comment may be nothing but what it throws.
      const tags = (info.tags ?? [])
        .filter((tag) => tag.name === "throws")
        .map((tag) => ts.displayPartsToString(tag.text));
      const told = [ts.displayPartsToString(info.documentation), ...tags].join(" ").trim();
      found.push({ name: `${specifier} ${name}`, documentation: told });
    }
    service.dispose();
  }
  return found;
}

/** A consumer that writes down each name, and where it does: between « and ». */
function consumer(specifier, exported, checker, root) {
  const spots = [];
  let text = "";
  const line = (name, marked) => {
    const [before, word, after] = marked.split(/[«»]/u);
    spots.push({ name, at: text.length + before.length });
    text += `${before}${word}${after}\n`;
  };
  for (const [name, { symbol, isValue }] of exported) {
    text += `import ${isValue ? "" : "type "}{ ${name} } from ${JSON.stringify(specifier)};\n`;
    line(name, isValue ? `void «${name}»;` : `export type Its${name} = «${name}»;`);
    const isClass = Boolean(symbol.flags & ts.SymbolFlags.Class);
    const parts = symbol.flags & ts.SymbolFlags.Type ? constituents(checker.getDeclaredTypeOfSymbol(symbol)) : [];
    for (const [at, type] of parts.entries()) {
      const only = narrowing(checker, type);
      const value = `a${name}${at}`;
      text += `declare const ${value}: ${only ? `Extract<${name}, ${only}>` : name};\n`;
      for (const { name: member } of ours(checker.getPropertiesOfType(type), root)) {
        line(`${name}.${member} ${only ?? ""}`, `void ${value}.«${member}»;`);
        if (isClass) continue;
        const literal = `{ «${member}»: null as never }`;
        line(
          `{ ${member} } of ${name} ${only ?? ""}`,
          `export const ${value}${member}: Partial<typeof ${value}> = ${literal};`,
        );
      }
    }
    if (!isClass || !isValue) continue;
    line(`new ${name}`, `void new «${name}»(...([] as never));`);
    const statics = checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol));
    for (const { name: member } of ours(statics, root)) line(`${name}.${member}, static`, `void ${name}.«${member}»;`);
  }
  return { text, spots };
}

/** The objects of a union; else the type itself, if it has members of its own to hover over. */
function constituents(type) {
  return (type.isUnion() ? type.types : [type]).filter((each) => each.flags & ts.TypeFlags.Object);
}

/** For one object of a union, what tells it from the others. */
function narrowing(checker, type) {
  const tag = checker.getPropertyOfType(type, "type");
  const its = tag && checker.getTypeOfSymbol(tag);
  return its?.isStringLiteral() ? `{ type: ${JSON.stringify(its.value)} }` : undefined;
}

/** The members that the package declares and that have a name; of `Error`'s, TypeScript's library tells. */
function ours(members, root) {
  const isOurs = (node) =>
    node.getSourceFile().fileName.startsWith(root) && !(node.name && ts.isPrivateIdentifier(node.name));
  return members.filter((member) => member.declarations?.some(isOurs) && /^[a-z]\w*$/iu.test(member.name));
}
