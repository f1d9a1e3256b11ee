import fc from 'fast-check';
import { Event, EventLog, EventRegistry, type ExpectedVersion } from '@catga/core';
import { closeStores, openStore, STORES } from './support/stores.js';

@Event('red-happened')
class Red {
  constructor(readonly n: number) {}
}

@Event('blue-happened', { version: 2 })
class Blue {
  constructor(readonly n: number) {}
}

/** What a simple list knows of an event. */
interface Modelled {
  readonly stream: string;
  readonly version: number;
  readonly position: number;
  readonly event: Red | Blue;
  readonly tag: string;
}

type Action =
  | { readonly do: 'append'; stream: string; expected: ExpectedVersion; kinds: readonly boolean[]; tag: string }
  | { readonly do: 'both'; tag: string }
  | { readonly do: 'read'; stream: string; from: number; limit: number; backward: boolean }
  | { readonly do: 'all'; after: number; limit: number; red: boolean; tag: string | undefined }
  | { readonly do: 'subscribe'; batchSize: number; red: boolean };

const stream = fc.constantFrom('a-1', 'a-2', 'b-1');
const tag = fc.constantFrom('x', 'y');
const expected = fc.oneof(fc.constantFrom<ExpectedVersion>('any', 'no-stream', 'stream-exists'), fc.nat(4));
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        stream,
        expected,
        kinds: fc.array(fc.boolean(), { maxLength: 3 }),
        tag,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('both' as const), tag }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        stream,
        from: fc.integer({ min: 1, max: 6 }),
        limit: fc.integer({ min: 1, max: 4 }),
        backward: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('all' as const),
        after: fc.nat(8),
        limit: fc.integer({ min: 1, max: 5 }),
        red: fc.boolean(),
        tag: fc.option(tag, { nil: undefined }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('subscribe' as const),
        batchSize: fc.integer({ min: 1, max: 4 }),
        red: fc.boolean(),
      }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);

/** A log as a list. */
class Model {
  readonly events: Modelled[] = [];

  versionOf(name: string): number {
    return this.of(name).length;
  }

  of(name: string): readonly Modelled[] {
    return this.events.filter((event) => event.stream === name);
  }

  holds(name: string, wanted: ExpectedVersion): boolean {
    const version = this.versionOf(name);
    if (wanted === 'any') return true;
    if (wanted === 'no-stream') return version === 0;
    return wanted === 'stream-exists' ? version > 0 : version === wanted;
  }

  append(name: string, events: readonly (Red | Blue)[], own: string): void {
    for (const event of events) {
      const version = this.versionOf(name) + 1;
      this.events.push({ stream: name, version, position: this.events.length + 1, event, tag: own });
    }
  }
}

/** Does one thing to the log and to the model, and compares what comes of it. */
class Comparison {
  private readonly model = new Model();
  private readonly followers: { readonly red: boolean; readonly seen: number[] }[] = [];
  private n = 0;

  constructor(private readonly log: EventLog) {}

  async run(action: Action): Promise<void> {
    if (action.do === 'append') return this.append(action);
    if (action.do === 'both') return this.both(action);
    if (action.do === 'read') return this.read(action);
    if (action.do === 'all') return this.all(action);
    const seen: number[] = [];
    this.followers.push({ red: action.red, seen });
    this.log.subscribe(
      { batchSize: action.batchSize, ...(action.red ? { events: [Red] } : undefined) },
      (events, position) => {
        seen.push(...events.map((event) => event.position));
        expect(position).toBeGreaterThanOrEqual(seen.at(-1) as number);
      },
    );
  }

  /** Every follower has seen, once and in order, what was there for it. */
  async end(): Promise<void> {
    const { position } = await this.log.readAll({ limit: 1, after: Number.MAX_SAFE_INTEGER });
    expect(position).toBe(this.model.events.length);
    const probe = this.log.subscribe({}, () => undefined);
    await probe.waitFor(position, '5s');
    for (const { red, seen } of this.followers) {
      const all = this.model.events.filter(({ event }) => !red || event instanceof Red).map((event) => event.position);
      // A read is answered after the commits before it; a follower may be a turn behind.
      for (let turn = 0; turn < 500 && seen.length < all.length; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      expect(seen).toEqual(all);
    }
    await this.log.stopSubscriptions();
  }

  private async append({ stream: name, expected: wanted, kinds, tag: own }: Extract<Action, { do: 'append' }>) {
    const events = kinds.map((isRed) => (isRed ? new Red(++this.n) : new Blue(++this.n)));
    const answer = await this.log.append(name, events, { expectedVersion: wanted, tags: [own] }).then(
      ({ version, position }) => ({ version, position }),
      (error: { code: string; actual: number }) => ({ code: error.code, actual: error.actual }),
    );
    if (!this.model.holds(name, wanted)) {
      expect(answer).toEqual({ code: 'CATGA_VERSION_CONFLICT', actual: this.model.versionOf(name) });
      return;
    }
    this.model.append(name, events, own);
    expect(answer).toEqual({ version: this.model.versionOf(name), position: this.model.events.length });
  }

  /** Two streams at once, by two writers who expect the same: one of them wins, with all of it. */
  private async both({ tag: own }: Extract<Action, { do: 'both' }>): Promise<void> {
    const [a, b] = [this.model.versionOf('a-1'), this.model.versionOf('b-1')];
    const write = () => {
      const events = [new Red(++this.n)];
      const appends = [
        { stream: 'a-1', expectedVersion: a, events, tags: [own] },
        { stream: 'b-1', expectedVersion: b, events, tags: [own] },
      ];
      return this.log.commit({ appends }).then(
        () => events,
        (error: { code: string }) => error.code,
      );
    };
    const answers = await Promise.all([write(), write()]);
    const won = answers.filter((answer) => typeof answer !== 'string');
    expect(answers.filter((answer) => answer === 'CATGA_VERSION_CONFLICT')).toHaveLength(1);
    expect(won).toHaveLength(1);
    for (const name of ['a-1', 'b-1']) this.model.append(name, won[0] as Red[], own);
  }

  private async read({ stream: name, from, limit, backward }: Extract<Action, { do: 'read' }>): Promise<void> {
    const direction = backward ? ('backward' as const) : ('forward' as const);
    const all = this.model.of(name);
    const wanted = backward
      ? all.filter(({ version }) => version <= from).reverse()
      : all.filter(({ version }) => version >= from);
    const found = await this.log.read(name, { from, limit, direction });
    expect(found.map(plain)).toEqual(wanted.slice(0, limit));
    expect((await this.log.history(name, from)).events).toEqual(
      all.filter(({ version }) => version >= from).map(({ event }) => event),
    );
  }

  private async all({ after, limit, red, tag: own }: Extract<Action, { do: 'all' }>): Promise<void> {
    const matching = this.model.events
      .filter(({ position }) => position > after)
      .filter(({ event }) => !red || event instanceof Red)
      .filter((event) => own === undefined || event.tag === own);
    const page = await this.log.readAll({
      after,
      limit,
      ...(red ? { events: [Red] } : undefined),
      ...(own === undefined ? undefined : { query: { tags: [own] } }),
    });
    expect(page.events.map(plain)).toEqual(matching.slice(0, limit));
    const isFull = matching.length >= limit;
    expect(page.position).toBe(isFull ? matching[limit - 1]?.position : this.model.events.length);
  }
}

function plain(recorded: {
  stream: string;
  version: number;
  position: number;
  event: object;
  tags: readonly string[];
}) {
  const { stream: name, version, position, event, tags } = recorded;
  expect(event instanceof Red || event instanceof Blue).toBe(true);
  return { stream: name, version, position, event, tag: tags[0] };
}

afterAll(closeStores);

describe.each(STORES)('an event log on $name', (kind) => {
  it('does what a list of events would, whatever is asked of it', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (program) => {
        const store = await openStore(kind);
        const comparison = new Comparison(new EventLog(store, new EventRegistry(store).register(Red, Blue)));
        for (const action of program) await comparison.run(action);
        await comparison.end();
      }),
      { numRuns: kind.name === 'SQLite' ? 12 : 60 },
    );
  });
});
