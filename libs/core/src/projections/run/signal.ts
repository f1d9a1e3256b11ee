/** Wakes whoever waits for something to change. */
export class Signal {
  /** How often it was fired; look at it before looking at the thing itself, so that no change slips between. */
  count = 0;
  private waiting = new Set<() => void>();

  fire(): void {
    this.count++;
    const { waiting } = this;
    if (waiting.size === 0) return;
    this.waiting = new Set();
    for (const wake of waiting) wake();
  }

  /**
   * Waits until it was fired more often than `seen`, or until the time is over. Without `most`: as long as it takes.
   *
   * @param background lets the OS process end meanwhile. Default false: somebody waits for the answer
   */
  after(seen: number, most?: number, background = false): Promise<void> {
    if (this.count > seen) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      if (most !== undefined) timer = setTimeout(wake, most);
      if (background) timer?.unref();
      this.waiting.add(wake);
    });
  }
}
