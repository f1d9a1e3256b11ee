import type { ReplicaRow } from './replica-image.js';

/** A row as one line of text. Bytes among payloads become base64. */
export function writeRow(row: ReplicaRow): string {
  return `${JSON.stringify(row, replaceBytes)}\n`;
}

/** The row of one line. */
export function readRow(line: string): ReplicaRow {
  const row = JSON.parse(line) as ReplicaRow;
  if (row.kind !== 'record' || typeof row.value === 'string') return row;
  return { ...row, value: new Uint8Array(Buffer.from((row.value as { bytes: string }).bytes, 'base64')) };
}

function replaceBytes(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value;
}
