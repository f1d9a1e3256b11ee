import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../../..');

/** Symbols for dependency injection, and answers of a script that become errors with other codes. */
const noErrors = /^CATGA_(CODEC|OPTIONS|MODULE_OPTIONS|STORE|TRANSPORT|COORDINATION|STRATEGY|REDIS|NATS|LATE|LOST)$/;

function sources(): string[] {
  return readdirSync(join(root, 'libs')).flatMap((lib) =>
    readdirSync(join(root, 'libs', lib, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, 'libs', lib, 'src', name)),
  );
}

/** The codes that text in a source file spells out, and those made of a prefix and each reason of a union. */
export function codesIn(text: string): string[] {
  const file = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest);
  const found: string[] = [];
  const prefixes: string[] = [];
  const reasons: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && /^CATGA_[A-Z0-9_]*[A-Z0-9]$/.test(node.text)) found.push(node.text);
    if (ts.isTemplateHead(node) && /^CATGA_[A-Z0-9_]+_$/.test(node.text)) prefixes.push(node.text);
    if (ts.isTypeAliasDeclaration(node) && node.name.text.endsWith('UnavailableReason')) reasons.push(...textsOf(node));
    ts.forEachChild(node, visit);
  };
  visit(file);
  const made = prefixes.flatMap((prefix) =>
    reasons.map((reason) => prefix + reason.toUpperCase().replaceAll('-', '_')),
  );
  if (prefixes.length > 0 && made.length === 0) throw new Error(`${prefixes.join()}: nobody knows what follows it`);
  return [...found, ...made].filter((code) => !noErrors.test(code));
}

function textsOf(alias: ts.TypeAliasDeclaration): string[] {
  const types = ts.isUnionTypeNode(alias.type) ? alias.type.types : [alias.type];
  return types.flatMap((type) =>
    ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : [],
  );
}

/** Every code that the packages can give, sorted. */
export function codesOfPackages(): string[] {
  return [...new Set(sources().flatMap((path) => codesIn(readFileSync(path, 'utf8'))))].sort();
}

/** The rows of the tables of a page: a code and what to do about it, which is the last cell. */
export function rowsOf(page: string): { code: string; advice: string }[] {
  return [...page.matchAll(/^\| `(CATGA_[A-Z0-9_]+)` .*\|\s*([^|]*?)\s*\|$/gm)].map(([, code = '', advice = '']) => ({
    code,
    advice,
  }));
}
