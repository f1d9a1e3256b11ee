import type { RecordWrite, Store, StoredEvent, StoredRecord } from '../../store/index.js';
import { noteValues, type ModelValues } from '../model/model-values.js';
import { DEAD_LETTERS } from './collections.js';

/** An error as it is kept. */
export interface KeptError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** An event that a projection could not take, or that waits behind one of the same key. */
export interface DeadLetter {
  /** Unique within the projection: `<generation>-<position>`. */
  readonly id: string;
  readonly projection: string;
  readonly generation: number;
  readonly partition: number;
  /** Events of this key keep their order: by default the stream. */
  readonly key: string;
  /** `failed`: the projection threw. `behind`: it came after a failed one of the same key. */
  readonly reason: 'failed' | 'behind';
  readonly position: number;
  readonly stream: string;
  /** Version of the event in its stream. */
  readonly version: number;
  readonly type: string;
  /** When the event had happened, milliseconds since 1970. */
  readonly at: number;
  /** When it became a dead letter, milliseconds since 1970. */
  readonly deadAt: number;
  /** How often the projection was tried on it; 0 for one that is only behind. */
  readonly attempts: number;
  /** What the projection threw last. */
  readonly error?: KeptError;
}

/** A dead letter with the version of its record. */
export interface StoredDeadLetter {
  readonly letter: DeadLetter;
  readonly recordVersion: number;
}

/** Where a dead letter comes from. */
export interface LetterOrigin {
  readonly projection: string;
  readonly generation: number;
  readonly partition: number;
}

/** A page of dead letters. */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Give it to the next call to go on; left out on the last page. */
  readonly cursor?: string;
}

/** Id of the dead letter of an event. */
export function letterId(generation: number, position: number): string {
  return `${generation}-${position}`;
}

/** Makes a dead letter of an event. */
export function deadLetterOf(
  { projection, generation, partition }: LetterOrigin,
  event: StoredEvent,
  key: string,
  failure: { readonly attempts: number; readonly error: unknown } | undefined,
): DeadLetter {
  return {
    id: letterId(generation, event.position),
    projection,
    generation,
    partition,
    key,
    reason: failure === undefined ? 'behind' : 'failed',
    position: event.position,
    stream: event.stream,
    version: event.version,
    type: event.type,
    at: event.at,
    deadAt: Date.now(),
    attempts: failure?.attempts ?? 0,
    ...(failure === undefined ? {} : { error: keptError(failure.error) }),
  };
}

/** What is kept of an error. */
export function keptError(error: unknown): KeptError {
  const { name, message, code, stack } = (error ?? {}) as Record<string, unknown>;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : String(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
  };
}

/** Dead letters as records. */
export class DeadLetterRecords {
  private readonly values: ModelValues;

  constructor(private readonly store: Store) {
    this.values = noteValues(store);
  }

  write(letter: DeadLetter, ifVersion?: number): RecordWrite {
    return {
      collection: DEAD_LETTERS,
      key: recordKey(letter.projection, letter.id),
      value: this.values.encode(letter),
      tags: [projectionTag(letter.projection), generationTag(letter), shardTag(letter), keyTag(letter)],
      ...(ifVersion === undefined ? {} : { ifVersion }),
    };
  }

  remove({ letter, recordVersion }: StoredDeadLetter): RecordWrite {
    return { collection: DEAD_LETTERS, key: recordKey(letter.projection, letter.id), ifVersion: recordVersion };
  }

  async get(projection: string, id: string): Promise<StoredDeadLetter | undefined> {
    const record = await this.store.getRecord(DEAD_LETTERS, recordKey(projection, id));
    return record && this.read(record);
  }

  async page(projection: string, limit: number, cursor?: string): Promise<DeadLetterPage> {
    const page = await this.store.findRecords({
      collection: DEAD_LETTERS,
      tags: [projectionTag(projection)],
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const letters = page.records.map((record) => this.read(record).letter);
    return { letters, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  }

  /** All of one key, in the order of their events. */
  async ofKey(origin: LetterOrigin & { readonly key: string }): Promise<readonly StoredDeadLetter[]> {
    const letters = await this.all([shardTag(origin), keyTag(origin)]);
    return letters.sort((a, b) => a.letter.position - b.letter.position);
  }

  /** Keys with a dead letter. */
  async keysOf(origin: LetterOrigin): Promise<Set<string>> {
    const letters = await this.all([shardTag(origin)]);
    return new Set(letters.map(({ letter }) => letter.key));
  }

  /** How many there are of one generation, up to a limit. */
  async count(projection: string, generation: number, limit: number): Promise<number> {
    const tags = [generationTag({ projection, generation })];
    return (await this.store.findRecords({ collection: DEAD_LETTERS, tags, limit })).records.length;
  }

  private async all(tags: readonly string[]): Promise<StoredDeadLetter[]> {
    const letters: StoredDeadLetter[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.store.findRecords({
        collection: DEAD_LETTERS,
        tags,
        limit: 1_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const record of page.records) letters.push(this.read(record));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return letters;
  }

  private read(record: StoredRecord): StoredDeadLetter {
    return { letter: this.values.decode(record.value) as DeadLetter, recordVersion: record.version };
  }
}

function recordKey(projection: string, id: string): string {
  return `${projection}@${id}`;
}

function projectionTag(projection: string): string {
  return `projection:${projection}`;
}

function generationTag({ projection, generation }: Omit<LetterOrigin, 'partition'>): string {
  return `generation:${projection}@${generation}`;
}

function shardTag({ projection, generation, partition }: LetterOrigin): string {
  return `shard:${projection}@${generation}/${partition}`;
}

function keyTag({ key }: { readonly key: string }): string {
  return `key:${key}`;
}
