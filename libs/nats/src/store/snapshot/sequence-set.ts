/** Sequences of messages: a bit for each, because a log has millions. */
export class SequenceSet {
  private bits = new Uint8Array(1_024);

  add(sequence: number): void {
    const byte = sequence >>> 3;
    if (byte >= this.bits.length) {
      const grown = new Uint8Array(Math.max(byte + 1, this.bits.length * 2));
      grown.set(this.bits);
      this.bits = grown;
    }
    this.bits[byte] = (this.bits[byte] as number) | (1 << (sequence & 7));
  }

  has(sequence: number): boolean {
    return ((this.bits[sequence >>> 3] ?? 0) & (1 << (sequence & 7))) !== 0;
  }
}
