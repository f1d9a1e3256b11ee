import { InvalidOptionError } from '../foundation/index.js';
import type { QoS } from '../transport/index.js';

/** Data with what is to be known about its message. Made by a {@link CatgaRecordBuilder}. */
export class CatgaRecord<T = unknown> {
  constructor(
    readonly data: T,
    readonly key?: string,
    readonly qos?: QoS,
    readonly headers?: Readonly<Record<string, string>>,
    readonly id?: string,
  ) {}
}

/**
 * Says more about a message than its data. Give the result to `emit` or `send` in place of the data.
 *
 * @example
 * ```ts
 * const record = new CatgaRecordBuilder(order).setKey(order.customerId).setQoS(2).setId(`placed-${order.id}`).build();
 * await lastValueFrom(client.emit('order-placed', record));
 * ```
 */
export class CatgaRecordBuilder<T = unknown> {
  private key: string | undefined;
  private qos: QoS | undefined;
  private headers: Record<string, string> | undefined;
  private id: string | undefined;

  constructor(private data: T) {}

  setData(data: T): this {
    this.data = data;
    return this;
  }

  /** Events of one subscription with the same key are handled in the order in which they were emitted. */
  setKey(key: string): this {
    this.key = key;
    return this;
  }

  /** Default: `qos` of the client. Requests have none. */
  setQoS(qos: QoS): this {
    this.qos = qos;
    return this;
  }

  /**
   * Text beside the data. Names become lower case; values hold no line break.
   *
   * @throws {InvalidOptionError} a name that begins with `catga-`: these are ours
   */
  setHeaders(headers: Readonly<Record<string, string>>): this {
    this.headers = userHeaders('CatgaRecordBuilder.setHeaders', headers);
    return this;
  }

  /** Default: a new one. With QoS 2 an event emitted twice with one id is stored once. */
  setId(id: string): this {
    this.id = id;
    return this;
  }

  build(): CatgaRecord<T> {
    return new CatgaRecord(this.data, this.key, this.qos, this.headers, this.id);
  }
}

/** @throws {InvalidOptionError} */
export function userHeaders(where: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const reserved = entries.find(([name]) => name.startsWith('catga-'));
  if (reserved !== undefined) throw new InvalidOptionError(where, reserved[0], 'names that do not begin with "catga-"');
  return Object.fromEntries(entries);
}
