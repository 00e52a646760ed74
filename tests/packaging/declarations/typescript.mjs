/** The classic compiler, with its programming interface, over the installed package. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** TypeScript 5.7: the oldest that we promise to work with. TypeScript 7 has no stable interface of this kind. */
export const ts = await import("typescript-5.7").then(
  (module) => module.default,
  (error) => {
    throw new Error("TypeScript 5.7 is missing: run `npm ci` in tests/packaging/declarations", { cause: error });
  },
);

/** What a strict consumer in a page would set. */
export const STRICT = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  types: [],
};

/** Parsed once: the compiler's own library is most of the work. */
const parsed = new Map();

/**
 * A program of `files` (names in the app, and what stands in them), over the package installed there.
 * @param {string} app where it is installed
 * @param {Record<string, string>} files consumers; and what is to stand in the package's files instead
 * @param {object} options of the compiler
 */
export function programOf(app, files, options = STRICT) {
  const instead = new Map(Object.entries(files).map(([name, text]) => [join(app, name), text]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.getCurrentDirectory = () => app;
  host.fileExists = (path) => instead.has(path) || fileExists(path);
  host.readFile = (path) => instead.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) => {
    if (!path.includes("typescript-5.7")) return getSourceFile(path, version, ...rest);
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, version, ...rest));
    return parsed.get(path);
  };
  const rootNames = [...instead.keys()].filter((path) => !path.includes("node_modules"));
  return ts.createProgram({ rootNames, options, host });
}

/**
 * The entries of the package that have types, each as the module that a consumer's import finds.
 * @param {string} app where it is installed
 * @param {Record<string, string>} instead what is to stand in files of the package instead
 */
export function entriesOf(app, instead = {}) {
  const { name, exports } = JSON.parse(readFileSync(join(app, "node_modules/bytestow/package.json"), "utf8"));
  const typed = Object.keys(exports).filter((path) => exports[path].types);
  const imports = typed.map((path) => `import ${JSON.stringify(join(name, path))};`).join("\n");
  const overlay = Object.entries(instead).map(([file, text]) => [join("node_modules", name, file), text]);
  const program = programOf(app, { "consumer.mts": imports, ...Object.fromEntries(overlay) });
  const checker = program.getTypeChecker();
  const consumer = program.getSourceFile(join(app, "consumer.mts"));
  const modules = consumer.statements.map((each) => checker.getSymbolAtLocation(each.moduleSpecifier));
  const entries = typed.map((path, at) => [path === "." ? "index" : path.slice("./".length), modules[at]]);
  return { program, checker, entries: new Map(entries), root: join(app, "node_modules", name) };
}

/** What a module exports, by name: the symbol behind all aliases, and whether it is there as a value. */
export function exportsOf(checker, module) {
  const exported = checker.getExportsOfModule(module).map((alias) => {
    const symbol = behind(checker, alias);
    const isValue = Boolean(symbol.flags & ts.SymbolFlags.Value) && !alias.declarations.some(isTypeExport);
    return [alias.name, { symbol, isValue }];
  });
  return new Map(exported.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The symbol that an import or export stands for. */
export function behind(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function isTypeExport(node) {
  return ts.isExportSpecifier(node) && (node.isTypeOnly || node.parent.parent.isTypeOnly);
}

/** The language service that editors ask, over `files` of the app and the package (`instead`: as in {@link entriesOf}). */
export function languageService(app, files, instead = {}) {
  const overlay = Object.entries(instead).map(([file, text]) => [join(app, "node_modules/bytestow", file), text]);
  const given = new Map([...Object.entries(files).map(([name, text]) => [join(app, name), text]), ...overlay]);
  return ts.createLanguageService(
    {
      getScriptFileNames: () => Object.keys(files).map((name) => join(app, name)),
      getScriptVersion: () => "1",
      getScriptSnapshot: (path) => {
        const text = given.get(path) ?? ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => app,
      getCompilationSettings: () => STRICT,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: (path) => given.has(path) || ts.sys.fileExists(path),
      readFile: (path) => given.get(path) ?? ts.sys.readFile(path),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    },
    registry,
  );
}

const registry = ts.createDocumentRegistry();
