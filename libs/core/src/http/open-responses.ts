import type { ServerResponse } from 'node:http';

/** How long a client gets to take the end of its stream before its connection is cut. Milliseconds. */
const FAREWELL = 1_000;

/** The responses of open streams: the server can only close once they are gone. */
export class OpenResponses {
  private readonly open = new Set<ServerResponse>();

  /** @param response of any HTTP adapter: Node's own, or one that has it as `raw` */
  add(response: unknown): void {
    const raw = (response as { raw?: ServerResponse }).raw ?? (response as ServerResponse);
    this.open.add(raw);
    raw.once('close', () => this.open.delete(raw));
  }

  /**
   * Waits until the last response has ended. A keep-alive connection that becomes idle only after the server began to
   * close would hold it back for seconds more.
   */
  async ended(): Promise<void> {
    const cut = setTimeout(() => this.open.forEach((response) => response.destroy()), FAREWELL);
    await Promise.all([...this.open].map((response) => new Promise((resolve) => response.once('close', resolve))));
    clearTimeout(cut);
  }
}
