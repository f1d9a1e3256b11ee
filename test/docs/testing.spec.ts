import { MemoryStore } from '@catga/core';
import { assertHistory, readFinalLog, readHistory } from '@catga/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writer } from './testing/file-history.example.js';
import { holdsUnderConcurrency } from './testing/memory-history.example.js';

describe('the guide to testing', () => {
  it('holds what concurrent clients were told against the log', async () => {
    expect(await holdsUnderConcurrency()).toBeGreaterThan(0);
  });

  it('has a program that keeps its history in a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'catga-guide-'));
    const file = join(folder, 'writer.jsonl');
    try {
      const store = new MemoryStore({ mode: 'copy' });
      await writer(store, file);
      const history = readHistory(file);
      const log = await readFinalLog(store);
      expect(assertHistory({ history, log }).acknowledged).toBeGreaterThan(100);
      // An event that nobody finds again is missed.
      expect(() => assertHistory({ history, log: log.slice(0, -1) })).toThrow('lost');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
