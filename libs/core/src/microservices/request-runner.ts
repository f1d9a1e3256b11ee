import type { Observable } from 'rxjs';
import type { Codec } from '../store/index.js';
import type { IncomingMessage, Reply, Transport } from '../transport/index.js';
import { CallerSignal } from './caller-signal.js';
import { CatgaContext } from './catga.context.js';
import { valuesOf } from './handler-result.js';
import { HEADERS } from './packet-headers.js';
import type { RequestRoute } from './pattern-table.js';
import type { ProcessingHooks } from './processing-hooks.js';
import { writeReply } from './reply-format.js';
import { ReplyStream } from './reply-stream.js';
import { ReplyStreams } from './reply-streams.js';
import { replyError } from './rpc-error.js';

/** Brings a request to the method of its pattern, and what that returns to the caller. */
export class RequestRunner {
  private readonly streams: ReplyStreams;

  constructor(
    private readonly hooks: ProcessingHooks,
    private readonly codec: Codec,
    transport: Transport,
  ) {
    this.streams = new ReplyStreams(transport);
  }

  /** Answers with the values of the method, or with its error; fails only when the transport does. */
  async answer({ pattern, handler }: RequestRoute, request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    let data: unknown;
    try {
      data = this.codec.decode(request.body);
    } catch (error) {
      return writeReply({ parts: [this.codec.encode(replyError(error))], isError: true });
    }
    const caller = new CallerSignal(signal, request.headers[HEADERS.timeout]);
    const context = new CatgaContext([request, pattern, caller.signal]);
    try {
      const stream = await this.begin(() => valuesOf(invoke(handler, data, context), caller.signal), context, caller);
      return await this.streams.start(stream);
    } finally {
      caller.answered();
    }
  }

  /** Resolves when every answer has been taken. */
  finished(): Promise<void> {
    return this.streams.finished();
  }

  /** Interrupts answers that go on. */
  close(): Promise<void> {
    return this.streams.close();
  }

  /** Lets the method run between the hooks, as long as its values come. */
  private begin(values: () => Observable<unknown>, context: CatgaContext, caller: CallerSignal): Promise<ReplyStream> {
    return new Promise<ReplyStream>((resolve, reject) => {
      const ended = this.hooks.run(
        context,
        () => new Promise<void>((end) => resolve(new ReplyStream(values(), this.codec, end))),
      );
      ended.catch(reject).finally(() => caller.end());
    });
  }
}

async function invoke(handler: RequestRoute['handler'], data: unknown, context: CatgaContext): Promise<unknown> {
  return handler(data, context);
}
