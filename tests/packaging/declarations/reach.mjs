/** Everything that the types of a module reach, type by type: not what is written in files, but what a program can get at. */

import { exportsOf, ts } from "./typescript.mjs";

/**
 * Walks the types of all exports of `module`.
 * @param {import("typescript").TypeChecker} checker
 * @param {import("typescript").Symbol} module
 * @param {string} root the package's folder; what is declared elsewhere (the compiler's library) is not looked into
 * @returns {{ files: Set<string>, anys: string[], seen: number }} the files that declare something of it; where `any`
 *   is, and how many types there were
 */
export function reach(checker, module, root) {
  const files = new Set();
  const anys = [];
  const seen = new Set();

  const isOurs = (symbol) => {
    const ours = (symbol?.declarations ?? []).map((each) => each.getSourceFile().fileName);
    const found = ours.filter((file) => file.startsWith(root));
    for (const file of found) files.add(file.slice(root.length + 1));
    return found.length > 0;
  };

  const isLangChains = (symbol) =>
    symbol?.declarations?.some((each) => each.getSourceFile().fileName.includes("/@langchain/core/")) ?? false;

  const visitAll = (types, path) => {
    for (const type of types ?? []) visit(type, path);
  };

  function visit(type, path) {
    if (type.flags & ts.TypeFlags.Any) {
      anys.push(path);
      return;
    }
    if (seen.has(type)) return;
    seen.add(type);
    isOurs(type.aliasSymbol);
    visitAll(type.aliasTypeArguments, `${path}<>`);
    if (type.flags & ts.TypeFlags.UnionOrIntersection) visitAll(type.types, path);
    if (type.flags & ts.TypeFlags.Index) visit(type.type, `keyof ${path}`);
    if (type.flags & ts.TypeFlags.IndexedAccess) visitAll([type.objectType, type.indexType], `${path}[]`);
    if (type.flags & ts.TypeFlags.TypeParameter)
      visitAll([type.getConstraint(), type.getDefault()].filter(Boolean), path);
    if (type.flags & ts.TypeFlags.Object) visitObject(type, path);
  }

  function visitObject(type, path) {
    // Metadata is what LangChain's own types let it be.
    if (isLangChains(type.symbol)) return;
    if (checker.isArrayType(type) || checker.isTupleType(type) || type.objectFlags & ts.ObjectFlags.Reference) {
      visitAll(checker.getTypeArguments(type), `${path}<>`);
    }
    // What is written in place (`{ … }`, a function) belongs to the declaration it stands in.
    if (!isOurs(type.symbol)) return;
    if (type.isClassOrInterface()) visitAll(checker.getBaseTypes(type), `${path} extends`);
    for (const property of checker.getPropertiesOfType(type)) visitProperty(property, path);
    for (const kind of [ts.SignatureKind.Call, ts.SignatureKind.Construct]) {
      for (const signature of checker.getSignaturesOfType(type, kind)) visitSignature(signature, `${path}()`);
    }
    for (const { type: value } of checker.getIndexInfosOfType(type)) visit(value, `${path}[]`);
  }

  function visitProperty(property, path) {
    const [declaration] = property.declarations ?? [];
    // `#private` says only that there is something; of `Error`'s members TypeScript's library knows best.
    if (declaration?.name && ts.isPrivateIdentifier(declaration.name)) return;
    if (declaration !== undefined && !isOurs(property)) return;
    visit(checker.getTypeOfSymbol(property), `${path}.${property.name}`);
  }

  function visitSignature(signature, path) {
    visitAll(signature.typeParameters, path);
    for (const parameter of signature.parameters) {
      visit(checker.getTypeOfSymbol(parameter), `${path}(${parameter.name})`);
    }
    visit(signature.getReturnType(), `${path} returns`);
  }

  for (const [name, { symbol }] of exportsOf(checker, module)) {
    isOurs(symbol);
    if (symbol.flags & ts.SymbolFlags.Type) visit(checker.getDeclaredTypeOfSymbol(symbol), name);
    if (symbol.flags & ts.SymbolFlags.Value) visit(checker.getTypeOfSymbol(symbol), `typeof ${name}`);
  }
  return { files, anys, seen: seen.size };
}
