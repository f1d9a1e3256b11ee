import { isCatgaError } from '../../foundation/index.js';
import { RecordConflictError, type RecordWrite, type Store } from '../../store/index.js';
import { noteValues } from '../model/model-values.js';
import { FENCES } from './collections.js';

/** Milliseconds for which a fence stands when its holder dies. */
const HOLD = 5_000;
/** Milliseconds between two attempts to raise a fence that somebody else holds. */
const TRY_AGAIN = 20;

/**
 * Added to every commit that writes a read model: it changes nothing and fails while the generation is closed. A delete
 * of a record that must not exist is the one condition without a write that a store has.
 */
export function openGeneration(generation: string): RecordWrite {
  return { collection: FENCES, key: generation, ifVersion: 0 };
}

/** Did a commit fail because its generation is closed? */
export function isClosed(error: unknown): boolean {
  return isConflictIn(error, FENCES);
}

/** Did a commit fail because of a record of that collection? */
export function isConflictIn(error: unknown, collection: string): boolean {
  return isCatgaError(error, 'CATGA_RECORD_CONFLICT') && (error as RecordConflictError).collection === collection;
}

/**
 * Keeps everybody else from writing a generation for a moment: whoever commits to it fails and waits. It falls by itself
 * when its holder dies, so nobody waits for ever; each commit of the holder makes sure that it still stands.
 */
export class Fence {
  private constructor(
    private readonly store: Store,
    private readonly generation: string,
    private version: number,
  ) {}

  /**
   * Raises it; waits while somebody else holds it.
   *
   * @throws {RecordConflictError} when it is held for longer than twice the time after which it would fall
   */
  static async raise(store: Store, generation: string): Promise<Fence> {
    const giveUp = Date.now() + 2 * HOLD;
    for (;;) {
      try {
        const write = { ...(await standing(store, generation)), ifVersion: 0 };
        const { recordVersions } = await store.commit({ records: [write] });
        return new Fence(store, generation, recordVersions[0] as number);
      } catch (error) {
        if (!isClosed(error) || Date.now() > giveUp) throw error;
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN));
      }
    }
  }

  /** Commits while the fence stands, and lengthens its time. @throws {RecordConflictError} when it has fallen */
  async commit(records: readonly RecordWrite[]): Promise<void> {
    const write = { ...(await standing(this.store, this.generation)), ifVersion: this.version };
    const { recordVersions } = await this.store.commit({ records: [write, ...records] });
    this.version = recordVersions[0] as number;
  }

  /** Commits and takes the fence down. */
  async lower(records: readonly RecordWrite[] = []): Promise<void> {
    const remove: RecordWrite = { collection: FENCES, key: this.generation, ifVersion: this.version };
    await this.store.commit({ records: [remove, ...records] });
  }

  /** Commits and leaves the fence for good: nobody writes this generation any more. */
  async seal(records: readonly RecordWrite[]): Promise<void> {
    const write = {
      collection: FENCES,
      key: this.generation,
      value: noteValues(this.store).encode({ sealed: true }),
      ifVersion: this.version,
    };
    await this.store.commit({ records: [write, ...records] });
  }

  /** Takes the fence down after a failure; when that fails too, it falls by itself. */
  async abandon(): Promise<void> {
    await Promise.resolve(this.lower()).catch(() => undefined);
  }
}

async function standing(store: Store, generation: string): Promise<RecordWrite> {
  const value = noteValues(store).encode({ sealed: false });
  return { collection: FENCES, key: generation, value, expiresAt: (await store.now()) + HOLD };
}
