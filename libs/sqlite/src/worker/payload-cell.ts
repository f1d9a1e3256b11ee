import type { Cell } from './driver.js';

/**
 * SQLite's text is UTF-8 and, for some of its clients, ends at the first NUL. JavaScript text that would not survive
 * that (a NUL, half of a surrogate pair) is kept as bytes under this mark. Bytes that begin with a mark get the other, and
 * so do no bytes at all: node:sqlite makes NULL of them.
 */
const TEXT_MARK = Buffer.from('catga:utf-16\0');
const BYTES_MARK = Buffer.from('catga:bytes\0');

/** The cell that keeps a payload exactly. */
export function payloadToCell(payload: Cell): Cell {
  if (typeof payload === 'string') {
    return survives(payload) ? payload : Buffer.concat([TEXT_MARK, Buffer.from(payload, 'utf16le')]);
  }
  if (!(payload instanceof Uint8Array)) return payload;
  return payload.length === 0 || startsWith(payload, TEXT_MARK) || startsWith(payload, BYTES_MARK)
    ? Buffer.concat([BYTES_MARK, payload])
    : payload;
}

/** The payload of a cell. */
export function payloadFromCell(cell: Cell): Cell {
  if (!(cell instanceof Uint8Array)) return cell;
  if (startsWith(cell, TEXT_MARK)) return Buffer.from(cell.subarray(TEXT_MARK.length)).toString('utf16le');
  if (startsWith(cell, BYTES_MARK)) return cell.slice(BYTES_MARK.length);
  return cell;
}

function survives(text: string): boolean {
  return !text.includes('\0') && (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}

function startsWith(bytes: Uint8Array, mark: Uint8Array): boolean {
  return bytes.length >= mark.length && mark.every((byte, index) => bytes[index] === byte);
}
