import type { Codec } from '../store/index.js';
import type { IncomingMessage, Reply, Transport } from '../transport/index.js';
import { CatgaContext } from './catga.context.js';
import { valuesOf } from './handler-result.js';
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
    const context = new CatgaContext([request, pattern, signal]);
    let data: unknown;
    try {
      data = this.codec.decode(request.body);
    } catch (error) {
      return writeReply({ parts: [this.codec.encode(replyError(error))], isError: true });
    }
    const stream = await new Promise<ReplyStream>((resolve, reject) => {
      const processed = this.hooks.run(
        context,
        () =>
          new Promise<void>((ended) => {
            // The signal ends with the first reply; a stream that goes on is cancelled by its caller.
            const values = valuesOf(invoke(handler, data, context), signal);
            resolve(new ReplyStream(values, this.codec, ended));
          }),
      );
      processed.catch(reject);
    });
    return this.streams.start(stream);
  }

  /** Resolves when every answer has been taken. */
  finished(): Promise<void> {
    return this.streams.finished();
  }

  /** Interrupts answers that go on. */
  close(): Promise<void> {
    return this.streams.close();
  }
}

async function invoke(handler: RequestRoute['handler'], data: unknown, context: CatgaContext): Promise<unknown> {
  return handler(data, context);
}
