import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/** An answer of the sample. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a request may carry. */
export interface RequestOptions {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a client behaves. */
export interface ClientOptions {
  /**
   * The sample may be killed and restarted meanwhile: repeat what got no answer. Every request of the tools may be
   * repeated. Default false.
   */
  readonly keepTrying?: boolean;
  /**
   * Gives up a request that has got no answer for so long, to repeat it: a frozen node answers nothing. Milliseconds.
   * Default: waits as long as the connection stands.
   */
  readonly answerWithin?: number;
  /** Ends everything under way. */
  readonly signal?: AbortSignal;
}

/** Nobody answers at the address. */
export class UnreachableError extends Error {
  constructor(url: string, cause: unknown) {
    super(
      `No sample answers at ${url}. Start it in another terminal with "npm start", or give its address with --url.`,
      {
        cause,
      },
    );
    this.name = 'UnreachableError';
  }
}

/** Milliseconds for which somebody who keeps trying waits for an answer before giving up. */
const PATIENCE = 600_000;

/** Talks to the sample over HTTP; to the nodes of a cluster in turn. */
export class SampleClient {
  private readonly keepTrying: boolean;
  private readonly answerWithin: number | undefined;
  private next = 0;
  private readonly signal: AbortSignal;

  /** @param url of the sample, or of every node of it */
  constructor(
    readonly url: string | readonly string[],
    options: ClientOptions = {},
  ) {
    this.answerWithin = options.answerWithin;
    this.keepTrying = options.keepTrying ?? false;
    this.signal = options.signal ?? new AbortController().signal;
    // Every request under way listens to it.
    setMaxListeners(0, this.signal);
  }

  /** Sends a request until it is answered. @throws {UnreachableError} */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const giveUpAt = Date.now() + PATIENCE;
    for (let wait = 50; ; wait = Math.min(wait * 2, 1_000)) {
      try {
        const answer = await this.tryRequest(method, path, options);
        if (answer.status !== 503 || !this.keepTrying || Date.now() > giveUpAt) return answer;
      } catch (error) {
        this.signal.throwIfAborted();
        if (!this.keepTrying || Date.now() > giveUpAt) throw new UnreachableError(String(this.url), error);
      }
      await pause(wait / 2 + (Math.random() * wait) / 2, undefined, { signal: this.signal });
    }
  }

  /** The body of a GET. @throws {Error} when the answer is not 200 */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.request('GET', path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
    return body as T;
  }

  private nodeUrl(): string {
    const { url } = this;
    if (typeof url === 'string') return url;
    return url[this.next++ % url.length] as string;
  }

  private async tryRequest(method: string, path: string, { body, headers }: RequestOptions): Promise<Answer> {
    const { signal, answerWithin } = this;
    const response = await fetch(this.nodeUrl() + path, {
      method,
      signal: answerWithin === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(answerWithin)]),
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : parse(text) };
  }
}

/** A proxy in between may answer with something else than JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
