import { hostname } from 'node:os';
import type { HandlerEntry, MediatorEngine } from '../../mediator/index.js';
import { messageName, type Type } from '../../messages/index.js';
import type { Codec } from '../../store/index.js';
import type { IncomingMessage, Reply } from '../../transport/index.js';
import { HEADERS, readHeaders } from '../message-headers.js';
import { requestSubject } from '../message-subjects.js';
import { RequestReader } from './message-content.js';
import { encodeError } from './remote-errors.js';
import type { RequestCancellation } from './request-cancellation.js';

const NODE = `${hostname()}#${process.pid}`.replaceAll(/[^\w.#-]/g, '_');

/** Answers the requests of other nodes with one handler of this one. */
export class RequestResponder {
  readonly subject: string;
  private readonly reader: RequestReader;

  constructor(
    private readonly engine: Pick<MediatorEngine, 'deliver'>,
    private readonly codec: Codec,
    private readonly cancellation: RequestCancellation,
    private readonly entry: HandlerEntry,
  ) {
    this.subject = requestSubject(messageName(entry.messageType));
    this.reader = new RequestReader(entry.messageType as Type<object>, codec);
  }

  /** Always answers: what the handler throws is an answer too. */
  async respond(request: IncomingMessage, transportSignal: AbortSignal): Promise<Reply> {
    const timeout = Number(request.headers[HEADERS.timeout] ?? Number.NaN);
    const running = this.cancellation.begin(
      request.id,
      Number.isFinite(timeout) ? timeout : undefined,
      transportSignal,
    );
    try {
      const { signal } = running;
      const options = { ...readHeaders(request.headers), messageId: request.id, signal };
      const result = await this.engine.deliver(this.entry, this.reader.read(request), options);
      return this.reply('ok', this.codec.encode(result));
    } catch (error) {
      return this.reply('error', encodeError(error, this.codec));
    } finally {
      running.end();
    }
  }

  private reply(status: 'ok' | 'error', body: string | Uint8Array): Reply {
    return {
      headers: { [HEADERS.status]: status, [HEADERS.codec]: this.codec.name, [HEADERS.node]: NODE },
      body,
    };
  }
}
