import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from '../contestant.js';

/** The floor of every durable store: 4 KiB appended to a file and synchronised, one after the other. */
export default async function disk(): Promise<Contestant> {
  const file = openSync(join(process.env['BENCH_FOLDER'] as string, 'disk'), 'w');
  const page = Buffer.alloc(4_096, 1);
  return {
    close: async () => closeSync(file),
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        writeSync(file, page);
        fdatasyncSync(file);
      }
    },
  };
}
