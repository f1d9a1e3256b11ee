import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardFolder } from './watchdog.mjs';

/**
 * The data folder of a server: the given one, or a temporary one that goes when the server is stopped or this process
 * ends.
 */
export function dataFolder(given, kind) {
  if (given !== undefined) {
    mkdirSync(given, { recursive: true });
    return { path: given, remove: () => undefined };
  }
  const path = mkdtempSync(join(tmpdir(), `catga-${kind}-`));
  guardFolder(path);
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}
