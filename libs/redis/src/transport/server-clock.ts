/** What time the server has, as near as the last exchange tells: nodes' own clocks may differ from each other. */
export class ServerClock {
  private offset = 0;

  /** Milliseconds since 1970. */
  now(): number {
    return Math.round(Date.now() + this.offset);
  }

  /** The server said `time`, asked at `sentAt` by this machine's clock. Slow answers say too little. */
  learn(time: number, sentAt: number): void {
    const receivedAt = Date.now();
    if (receivedAt - sentAt < 1_000) this.offset = time - (sentAt + receivedAt) / 2;
  }
}
