import { assertKnownOptions, InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';
import { KEY_BYTES } from './cipher.js';

/** A key that wraps the keys of subjects. */
export interface MasterKey {
  /** Kept with every key that it wraps: never give another key the same id. */
  readonly id: string;
  /** 32 random bytes, or their base64 or hex text: `openssl rand -base64 32`. */
  readonly key: Uint8Array | string;
}

/** Options of crypto-shredding: `CatgaModule.forRoot({ eventSourcing: { privacy } })`. */
export interface PrivacyOptions {
  /** The first one wraps new keys; the others still open what they wrapped, see `Privacy.rewrapKeys`. */
  readonly masterKeys: readonly MasterKey[];
  /** What personal fields are once their subject is forgotten; a field may have its own. Default `'[forgotten]'`. */
  readonly placeholder?: unknown;
  /**
   * What happens to new personal data of a forgotten subject. `refuse`: the append fails with a
   * {@link SubjectForgottenError}. `new-key`: it begins anew; what was before stays gone. Default `refuse`.
   */
  readonly afterForget?: 'refuse' | 'new-key' | undefined;
  /**
   * Longest time that a node goes on using a key from its memory. Nodes hear of a forgotten subject at once through the
   * store; this holds when they do not, e.g. while they are cut off. Default `'1m'`.
   */
  readonly cacheFor?: Duration | undefined;
  /** Most keys to hold in memory. Default 10,000. */
  readonly cacheSize?: number | undefined;
}

/** A master key that was checked. */
export interface ResolvedMasterKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** {@link PrivacyOptions} checked, with every default filled in. */
export type ResolvedPrivacyOptions = ReturnType<typeof resolvePrivacyOptions>;

const WHERE = 'eventSourcing.privacy';
const KNOWN = ['masterKeys', 'placeholder', 'afterForget', 'cacheFor', 'cacheSize'];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {UnknownOptionError} naming the nearest known option
 * @throws {InvalidOptionError} {@link InvalidDurationError}
 */
export function resolvePrivacyOptions(options: PrivacyOptions) {
  assertKnownOptions(WHERE, options, KNOWN);
  const { placeholder = '[forgotten]', afterForget = 'refuse', cacheFor = '1m', cacheSize = 10_000 } = options;
  if (afterForget !== 'refuse' && afterForget !== 'new-key')
    throw new InvalidOptionError(`${WHERE}.afterForget`, afterForget, `'refuse' or 'new-key'`);
  if (!Number.isSafeInteger(cacheSize) || cacheSize < 1)
    throw new InvalidOptionError(`${WHERE}.cacheSize`, cacheSize, 'a number of keys, from 1');
  return {
    masterKeys: masterKeysOf(options.masterKeys),
    placeholder,
    afterForget,
    cacheFor: toMilliseconds(cacheFor, `${WHERE}.cacheFor`),
    cacheSize,
  };
}

function masterKeysOf(keys: readonly MasterKey[] | undefined): readonly [ResolvedMasterKey, ...ResolvedMasterKey[]] {
  if (!Array.isArray(keys) || keys.length === 0)
    throw new InvalidOptionError(`${WHERE}.masterKeys`, keys, 'a list of { id, key }, the current one first');
  const ids = new Set<string>();
  const resolved = (keys as readonly MasterKey[]).map((masterKey, index) => {
    const where = `${WHERE}.masterKeys[${index}]`;
    assertKnownOptions(where, masterKey, ['id', 'key']);
    const { id, key } = masterKey;
    if (typeof id !== 'string' || id === '') throw new InvalidOptionError(`${where}.id`, id, 'a text');
    if (ids.has(id)) throw new InvalidOptionError(`${where}.id`, id, 'an id that no other master key has');
    ids.add(id);
    return { id, key: bytesOf(key, `${where}.key`) };
  });
  return resolved as [ResolvedMasterKey, ...ResolvedMasterKey[]];
}

function bytesOf(key: Uint8Array | string, where: string): Uint8Array {
  const bytes = typeof key === 'string' ? Buffer.from(key, /^[\da-f]{64}$/i.test(key) ? 'hex' : 'base64') : key;
  const isKey = ArrayBuffer.isView(bytes) && bytes.byteLength === KEY_BYTES;
  // Never the value itself: messages end up in logs.
  if (!isKey) throw new InvalidOptionError(where, 'something else', `${KEY_BYTES} bytes, or their base64 or hex text`);
  return Uint8Array.from(bytes);
}
