import { InvalidOptionError } from '../../foundation/index.js';
import { VersionConflictError } from '../../store/index.js';

/** How often an update is tried that others keep getting in the way of. */
export const DEFAULT_ATTEMPTS = 10;

/** Longest wait for somebody else's turn, milliseconds. A retry that waits for itself must get on in the end. */
const LONGEST_TURN = 1_000;

/**
 * Tries again what lost a race on a stream. Those of this OS process that lost go one after another instead of
 * getting in each other's way again; for those of other processes there is a random pause that grows.
 */
export class ConflictRetry {
  private readonly turns = new Map<string, Promise<void>>();

  /**
   * @param run reads, decides and appends; called again from the start
   * @param attempts a whole number from 1
   * @throws {VersionConflictError} the last one, when every attempt met one; {@link InvalidOptionError}
   */
  async run<T>(stream: string, attempts: number, run: () => Promise<T>): Promise<T> {
    if (!Number.isSafeInteger(attempts) || attempts < 1) {
      throw new InvalidOptionError('attempts', attempts, 'a whole number from 1');
    }
    try {
      return await run();
    } catch (error) {
      if (attempts === 1 || !isConflict(error, stream)) throw error;
    }
    return this.inTurn(stream, () => again(stream, attempts, run));
  }

  private async inTurn<T>(stream: string, run: () => Promise<T>): Promise<T> {
    const before = this.turns.get(stream);
    let finish!: () => void;
    const turn = new Promise<void>((resolve) => {
      finish = resolve;
    });
    this.turns.set(stream, turn);
    try {
      if (before !== undefined) await atMost(before, LONGEST_TURN);
      return await run();
    } finally {
      finish();
      if (this.turns.get(stream) === turn) this.turns.delete(stream);
    }
  }
}

async function again<T>(stream: string, attempts: number, run: () => Promise<T>): Promise<T> {
  for (let attempt = 2; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= attempts || !isConflict(error, stream)) throw error;
      await pause(Math.random() * Math.min(2 ** attempt, 250));
    }
  }
}

function isConflict(error: unknown, stream: string): boolean {
  return error instanceof VersionConflictError && error.stream === stream;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function atMost(promise: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
