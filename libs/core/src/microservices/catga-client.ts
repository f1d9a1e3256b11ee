import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { Logger } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { ReplaySubject, type Observable } from 'rxjs';
import { assertKnownOptions, TextIdGenerator } from '../foundation/index.js';
import type { Transport, TransportMessage } from '../transport/index.js';
import type { StrategyTraits } from './catga-server.js';
import { CatgaRecord } from './catga-record.js';
import { NotListeningError } from './microservice.errors.js';
import {
  assertTransport,
  CLIENT_OPTIONS,
  toClientSettings,
  type ClientOptions,
  type ClientSettings,
} from './microservice.options.js';
import { eventHeaders, HEADERS, metadataHeaders } from './packet-headers.js';
import { assertExact, eventSubject, requestSubject } from './pattern-subjects.js';
import { ReplyReader } from './reply-reader.js';
import { textOf } from './rpc-error.js';
import { usable, watch, type CatgaEvents, type CatgaStatus } from './transport-use.js';

/** Options of {@link CatgaClient}. */
export interface CatgaClientOptions extends ClientOptions {
  /** Carries the messages. The client opens it; whoever made it closes it. */
  readonly transport: Transport;
}

/**
 * Nest `ClientProxy` over any {@link Transport}. `emit` completes when the broker has stored the event; `send` gives the
 * values of the method that answers, or fails with what its `RpcException` held.
 *
 * @example
 * ```ts
 * ClientsModule.register([{ name: 'ORDERS', customClass: CatgaClient, options: { transport } }])
 *
 * await lastValueFrom(this.orders.emit('order-placed', order));
 * const total = await lastValueFrom(this.orders.send<number>('total', { customerId }));
 * ```
 */
export class CatgaClient extends ClientProxy<CatgaEvents> {
  protected readonly logger = new Logger(CatgaClient.name);
  private readonly traits: StrategyTraits;
  private readonly settings: ClientSettings;
  private readonly transport: Transport;
  private readonly emitter = new EventEmitter();
  private readonly ids = new TextIdGenerator();
  private readonly reader: ReplyReader;
  private opening: Promise<Transport> | undefined;
  private unwatch: (() => void) | undefined;

  /** @throws {InvalidOptionError} @throws {UnknownOptionError} @throws {InvalidDurationError} */
  constructor(options: CatgaClientOptions, traits: Partial<Omit<StrategyTraits, 'transportId'>> = {}) {
    super();
    this.traits = { name: 'CatgaClient', ownsTransport: false, ...traits, transportId: Symbol.for('catga:strategy') };
    assertKnownOptions(this.traits.name, options, [...CLIENT_OPTIONS, 'transport']);
    assertTransport(this.traits.name, options.transport);
    this.transport = options.transport;
    this.settings = toClientSettings(this.traits.name, options);
    this.reader = new ReplyReader(this.transport, this.settings, () => this.ids.next());
  }

  /** Begins with how it is now. */
  override get status(): Observable<CatgaStatus> {
    return super.status as Observable<CatgaStatus>;
  }

  /** Opens the transport, once; `emit` and `send` do it by themselves. A failed attempt is tried anew by the next call. */
  connect(): Promise<Transport> {
    if (this.opening !== undefined) return this.opening;
    const opening = this.open();
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    return opening;
  }

  /** Closes the transport if it is its own. Called by Nest when the application shuts down. */
  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    if (opening === undefined) return;
    const isOpen = await opening.then(
      () => true,
      () => false,
    );
    this.unwatch?.();
    if (isOpen && this.traits.ownsTransport) await this.transport.close();
    this._status$.next('closed');
  }

  /** `connect`, `disconnect` and `error`, when the connection to the broker comes, goes, and why. */
  override on<K extends keyof CatgaEvents>(event: K, callback: CatgaEvents[K]): this {
    this.emitter.on(event, callback);
    return this;
  }

  /** The transport, as what it is: `client.unwrap<NatsTransport>()`. @throws {NotListeningError} before `connect` */
  override unwrap<T = Transport>(): T {
    if (this.opening === undefined) throw new NotListeningError(this.traits.name);
    return this.transport as T;
  }

  /**
   * Sends at once, whether somebody subscribes or not; the observable completes when the event is stored. A failure that
   * nobody sees is logged.
   */
  override emit<TResult = unknown, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    const result = new ReplaySubject<TResult>(1);
    super.emit<TResult, TInput>(pattern, data).subscribe({
      next: (value) => result.next(value),
      complete: () => result.complete(),
      error: (error: unknown) => {
        if (!result.observed) this.logger.error(`Event ${this.nameOf(pattern)} was not emitted: ${textOf(error)}`);
        result.error(error);
      },
    });
    return result.asObservable();
  }

  protected async dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    const record = recordOf(packet.data);
    const route = this.routeOf(packet);
    const headers = eventHeaders(route, this.settings.codec.name);
    const message = this.messageOf(eventSubject(route), record, packet, headers);
    await this.transport.publish([message], { qos: record.qos ?? this.settings.qos });
    return undefined as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const gone = new AbortController();
    void this.ask(packet, gone.signal, callback);
    return () => gone.abort();
  }

  private async ask(packet: ReadPacket, signal: AbortSignal, callback: (packet: WritePacket) => void): Promise<void> {
    try {
      const subject = requestSubject(this.routeOf(packet));
      const headers = { [HEADERS.timeout]: String(this.settings.timeout) };
      const message = this.messageOf(subject, recordOf(packet.data), packet, headers);
      await this.reader.read(message, signal, callback);
    } catch (err) {
      if (!signal.aborted) callback({ err });
    }
  }

  private async open(): Promise<Transport> {
    await usable(this.transport, this.traits.ownsTransport);
    this.unwatch?.();
    this.unwatch = watch(this.transport, this._status$, this.emitter);
    return this.transport;
  }

  private messageOf(
    subject: string,
    { data, key, headers, id }: CatgaRecord,
    { metadata }: ReadPacket,
    own: Readonly<Record<string, string>>,
  ): TransportMessage {
    return {
      id: id ?? this.ids.next(),
      subject,
      ...(key !== undefined && { key }),
      headers: { ...this.settings.headers, ...headers, ...metadataHeaders(metadata), ...own },
      body: this.settings.codec.encode(data),
    };
  }

  private routeOf({ pattern }: ReadPacket): string {
    assertExact(pattern);
    return this.normalizePattern(pattern as string);
  }

  private nameOf(pattern: unknown): string {
    return JSON.stringify(this.normalizePattern(pattern as string));
  }
}

function recordOf(data: unknown): CatgaRecord {
  return data instanceof CatgaRecord ? (data as CatgaRecord) : new CatgaRecord(data);
}
