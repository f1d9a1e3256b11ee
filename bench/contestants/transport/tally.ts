/** Counts handled messages and tells when all have come. */
export class Tally {
  private left = 0;
  private total = 0;
  private firstAt = 0;
  private cpu: NodeJS.CpuUsage = { user: 0, system: 0 };
  private finish: () => void = () => undefined;

  /** Resolves when so many have come. */
  expect(messages: number): Promise<void> {
    this.left = this.total = messages;
    this.firstAt = 0;
    return new Promise((resolve) => (this.finish = resolve));
  }

  /** One was handled. The clock runs from the first on: how long it took to come is not the consumer's doing. */
  readonly count = (): void => {
    if (this.firstAt === 0) this.begin();
    if (--this.left === 0) this.finish();
  };

  /** Starts the clock now, where what happens before the first message counts too. */
  begin(): void {
    this.firstAt = performance.now();
    this.cpu = process.cpuUsage();
  }

  /** Messages a second, and microseconds of CPU that each took in this process, up to now. */
  result(): { readonly rate: number; readonly cpu: number } {
    const { user, system } = process.cpuUsage(this.cpu);
    const seconds = (performance.now() - this.firstAt) / 1e3;
    return { rate: this.total / seconds, cpu: (user + system) / this.total };
  }
}
