import type { IncomingMessage, Reply, Responder, Transport } from '../transport/index.js';
import { TextIdGenerator } from '../foundation/index.js';
import { ReplyInterruptedError } from './microservice.errors.js';
import { HEADERS } from './packet-headers.js';
import { writeReply } from './reply-format.js';
import type { ReplyStream } from './reply-stream.js';
import { within } from './within.js';

const { setTimeout, clearTimeout } = globalThis;

/** How long a request for more waits for a value. The caller, told that there is none yet, asks again. */
export const PULL_PATIENCE = 5_000;
/** A caller that has not asked for this long is gone. */
const LONGEST_SILENCE = 60_000;

/** How long callers have for asking once more when their answer is interrupted. */
const LAST_ASK = 1_000;

interface OpenStream {
  readonly stream: ReplyStream;
  silence?: NodeJS.Timeout;
}

/** The answers of this node that go on. Callers reach this node and no other by a subject of its own. */
export class ReplyStreams {
  private readonly ids = new TextIdGenerator();
  private readonly subject = `rpc.streams.${this.ids.next()}`;
  private readonly open = new Map<string, OpenStream>();
  private responder: Promise<Responder> | undefined;
  private idle: (() => void) | undefined;

  constructor(private readonly transport: Transport) {}

  /** The first reply of an answer. */
  async start(stream: ReplyStream): Promise<Reply> {
    const chunk = await stream.first();
    if (stream.isTaken) return writeReply(chunk);
    // Most services never answer with several values; those that do, have a responder from then on.
    this.responder ??= this.transport.respond(this.subject, (request) => this.more(request));
    try {
      await this.responder;
    } catch (error) {
      this.responder = undefined;
      stream.cancel();
      throw error;
    }
    const id = this.ids.next();
    this.open.set(id, { stream });
    this.listen(id);
    return writeReply({ ...chunk, more: `${this.subject} ${id}` });
  }

  /** Resolves when no answer goes on any more. */
  async finished(): Promise<void> {
    if (this.open.size > 0) await new Promise<void>((resolve) => (this.idle = resolve));
  }

  /** Ends those that go on: their callers are told. */
  async close(): Promise<void> {
    for (const { stream, silence } of this.open.values()) {
      clearTimeout(silence);
      stream.fail(new ReplyInterruptedError('the node that answers shuts down'));
    }
    // A caller who is just about to ask for more is to learn why there is none.
    await within(this.finished(), LAST_ASK);
    const responder = await this.responder?.catch(() => undefined);
    this.responder = undefined;
    await responder?.stop();
    this.open.clear();
  }

  private async more({ body, headers }: IncomingMessage): Promise<Reply> {
    const id = String(body);
    const one = this.open.get(id);
    if (one === undefined) throw new ReplyInterruptedError('this node does not know it any more');
    clearTimeout(one.silence);
    if (headers[HEADERS.cancel] !== undefined) one.stream.cancel();
    const chunk = await one.stream.next(PULL_PATIENCE);
    if (one.stream.isTaken) {
      this.forget(id);
      return writeReply(chunk);
    }
    this.listen(id);
    return writeReply({ ...chunk, more: `${this.subject} ${id}` });
  }

  private listen(id: string): void {
    const one = this.open.get(id);
    if (one === undefined) return;
    clearTimeout(one.silence);
    one.silence = setTimeout(() => {
      one.stream.cancel();
      this.forget(id);
    }, LONGEST_SILENCE);
    one.silence.unref();
  }

  private forget(id: string): void {
    this.open.delete(id);
    if (this.open.size > 0) return;
    this.idle?.();
    this.idle = undefined;
  }
}
