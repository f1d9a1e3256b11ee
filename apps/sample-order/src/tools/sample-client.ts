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
const PATIENCE = 120_000;

/** Talks to the sample over HTTP. */
export class SampleClient {
  constructor(
    readonly url: string,
    /** The sample may be killed and restarted meanwhile: repeat what got no answer. Every request here allows it. */
    private readonly keepTrying = false,
  ) {}

  /** Sends a request until it is answered. @throws {UnreachableError} */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const giveUpAt = Date.now() + PATIENCE;
    for (let wait = 50; ; wait = Math.min(wait * 2, 1_000)) {
      try {
        const answer = await this.tryRequest(method, path, options);
        if (answer.status !== 503 || !this.keepTrying || Date.now() > giveUpAt) return answer;
      } catch (error) {
        if (!this.keepTrying || Date.now() > giveUpAt) throw new UnreachableError(this.url, error);
      }
      await pause(wait / 2 + (Math.random() * wait) / 2);
    }
  }

  /** The body of a GET. @throws {Error} when the answer is not 200 */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.request('GET', path);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
    return body as T;
  }

  private async tryRequest(method: string, path: string, { body, headers }: RequestOptions): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
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
