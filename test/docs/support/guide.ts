import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** Line breaks and indentation may differ: a page shows a method without the class around it. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** The pages of `docs`. */
export function pages(): string[] {
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
}

/** A page of the documentation, e.g. `docs/projections.md`; with a heading only the section below it. */
export function readPage(path: string, heading?: string): string {
  const page = readFileSync(join(root, path), 'utf8');
  if (heading === undefined) return page;
  const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`${path} has no section "${heading}"`);
  return section;
}

/** The TypeScript of a page, block by block. */
export function blocksOf(page: string): string[] {
  return [...page.matchAll(/^ *```(?:ts|typescript)\b[^\n]*\n(.*?)^ *```/gms)].map((found) => found[1] as string);
}

/** Blocks of a page that are in none of these files of `test/docs`, so that nobody knows whether they work. */
export function unknownBlocks(page: string, files: readonly string[]): string[] {
  const sources = files.map((name) => flat(readFileSync(join(root, 'test/docs', name), 'utf8')));
  return blocksOf(page).filter((block) => !sources.some((source) => source.includes(flat(block))));
}
