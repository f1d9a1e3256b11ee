import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Bytes of a key of AES-256. */
export const KEY_BYTES = 32;
/** What the standard advises for GCM; a random one is safe for 2^32 messages under one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of everything encrypted, so that another way can be told apart one day. */
const FORMAT = 1;

/** A new random key. */
export function newKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/**
 * Encrypts with AES-256-GCM. The result is base64.
 *
 * @param context what it belongs to: it opens only with the same, so that nobody can move it to another place
 */
export function encrypt(plain: Uint8Array, key: Uint8Array, context: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context));
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([Buffer.of(FORMAT), iv, cipher.getAuthTag(), body]).toString('base64');
}

/** Throws when the key or the context is another one, or when a byte was changed. */
export function decrypt(sealed: string, key: Uint8Array, context: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes[0] !== FORMAT || bytes.length < 1 + IV_BYTES + TAG_BYTES) throw new Error('unknown format');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]);
}

/** What a codec wrote, as bytes that remember whether it was text. */
export function toBytes(encoded: string | Uint8Array): Uint8Array {
  const isText = typeof encoded === 'string';
  return Buffer.concat([Buffer.of(isText ? 0 : 1), isText ? Buffer.from(encoded) : encoded]);
}

/** The inverse of {@link toBytes}. */
export function fromBytes(bytes: Buffer): string | Uint8Array {
  const body = bytes.subarray(1);
  return bytes[0] === 0 ? body.toString() : Uint8Array.from(body);
}
