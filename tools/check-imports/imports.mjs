import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * Every module that a TypeScript file names: import, export from, `import()`, `import('…').Type`, `import x = require()`
 * and `require()`. Imports of types count: they are dependencies of the design even if they vanish at run time.
 *
 * @returns `[{ specifier, line, dynamic, typeOnly }]`: line counted from 1; `dynamic` for the calls `import()` and
 *   `require()`; `typeOnly` for what is not there at run time.
 */
export function importsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const name = moduleName(node);
    if (name && ts.isStringLiteralLike(name)) {
      const { line } = source.getLineAndCharacterOfPosition(name.getStart(source));
      found.push({
        specifier: name.text,
        line: line + 1,
        dynamic: ts.isCallExpression(node),
        typeOnly: isTypeOnly(node),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function moduleName(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (ts.isCallExpression(node) && isImportCall(node)) return node.arguments[0];
  return undefined;
}

function isTypeOnly(node) {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  return ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

const isImportCall = ({ expression }) =>
  expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
