import type { RemoteRequests } from '../../mediator/index.js';
import { messageName, type HandlerContext, type Type } from '../../messages/index.js';
import type { Codec } from '../../store/index.js';
import {
  NoResponderError,
  RequestTimeoutError,
  TransportUnavailableError,
  type Reply,
  type Transport,
} from '../../transport/index.js';
import { HEADERS, writeHeaders } from '../message-headers.js';
import { requestSubject } from '../message-subjects.js';
import { UnreadableReplyError } from '../messaging.errors.js';
import { contentHeaders } from './message-content.js';
import { localError } from './remote-errors.js';
import { CANCEL_SUBJECT } from './request-cancellation.js';

type Elsewhere = { transport: string; subject: string };

/** Sends commands and queries that nobody handles here to the nodes that do. */
export class RemoteCaller implements RemoteRequests {
  constructor(
    private readonly transport: Transport,
    private readonly codec: Codec,
    /** Milliseconds. */
    private readonly timeout: number,
  ) {}

  async send(message: object, context: HandlerContext, notFound: (elsewhere?: Elsewhere) => Error): Promise<unknown> {
    const { name: transport, distributed } = this.transport.capabilities;
    const type = message.constructor as Type;
    const subject = requestSubject(messageName(type));
    try {
      return this.answer(type.name, await this.request(message, type, subject, context));
    } catch (error) {
      if (error instanceof NoResponderError) throw notFound(distributed ? { transport, subject } : undefined);
      // Nobody else to ask, and it is not open yet or any more: what matters is that nobody handles it.
      if (!distributed && error instanceof TransportUnavailableError) throw notFound();
      throw error;
    }
  }

  private async request(message: object, type: Type, subject: string, context: HandlerContext): Promise<Reply> {
    const { signal, messageId: id } = context;
    const headers = writeHeaders(context, {
      ...contentHeaders(type, this.codec),
      [HEADERS.timeout]: String(this.timeout),
    });
    const body = this.codec.encode({ ...message });
    try {
      return await this.transport.request({ id, subject, headers, body }, { timeout: this.timeout, signal });
    } catch (error) {
      if (signal.aborted || error instanceof RequestTimeoutError) this.cancel(id);
      throw error;
    }
  }

  /** The node that works on it need not go on. Whether it hears that changes nothing for the caller. */
  private cancel(id: string): void {
    this.transport
      .publish([{ id: `cancel-${id}`, subject: CANCEL_SUBJECT, body: id }], { qos: 0 })
      .catch(() => undefined);
  }

  private answer(name: string, { headers = {}, body }: Reply): unknown {
    const node = headers[HEADERS.node];
    const value = this.decode(name, node, body);
    if (headers[HEADERS.status] === 'error') throw localError(value, node);
    return value;
  }

  private decode(name: string, node: string | undefined, body: string | Uint8Array): unknown {
    try {
      return this.codec.decode(body);
    } catch (cause) {
      throw new UnreadableReplyError(name, node, cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }
}
