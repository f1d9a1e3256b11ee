import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatgaModule, Event, EventDelivery, EventLog, MessageBus, MessageDeadLetterService } from '@catga/core';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { removePlace, serverPlaces, type PlaceKind } from '../support/new-place.js';
import { NodeProcess, until } from '../support/node-process.js';
import { moduleAt, type Place } from '../support/places.mjs';

const PROGRAM = join(import.meta.dirname, 'member-program.mjs');
/** Milliseconds after which a silent member is replaced; the program says so. */
const ACK_TIMEOUT = 1_000;

type Trap = 'before' | 'after' | 'always' | 'slow' | 'fail';

/** What goes wrong with an event, it says itself: see the program. */
abstract class Numbered {
  constructor(
    readonly number: number,
    readonly key?: string,
    readonly trap?: Trap,
  ) {}
}
@Event('crash.pinged')
@EventDelivery<Pinged>({ qos: 0, key: ({ key }) => key })
class Pinged extends Numbered {}
@Event('crash.mailed')
@EventDelivery<Mailed>({ qos: 1, key: ({ key }) => key })
class Mailed extends Numbered {}
@Event('crash.paid')
@EventDelivery<Paid>({ qos: 2, key: ({ key }) => key })
class Paid extends Numbered {}
@Event('crash.booked')
class Booked {
  constructor(readonly number: number) {}
}

/** One run of a handler. */
interface Run {
  readonly number: number;
  readonly key: string;
  readonly member: string;
  readonly attempt: string;
}

Logger.overrideLogger(false);

/** A publisher and three members of the subscriptions. */
class Crew {
  readonly place: Place;
  readonly folder = mkdtempSync(join(tmpdir(), 'catga-crash-'));
  app!: INestApplicationContext;
  private readonly members = new Map<string, NodeProcess>();

  constructor({ create }: PlaceKind, more: Pick<Place, 'partitions'> = {}) {
    this.place = { ...create(), ...more };
  }

  async open(): Promise<void> {
    class Publisher {}
    Module({ imports: [CatgaModule.forRoot({ endpoints: false }), moduleAt(this.place)] })(Publisher);
    this.app = await NestFactory.createApplicationContext(Publisher, { logger: false, abortOnError: false });
    this.app.get(EventLog).registry.register(Booked);
  }

  async close(): Promise<void> {
    for (const member of this.members.values()) await member.kill();
    await this.app.close();
    await removePlace(this.place);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes them three again. */
  async fillUp(): Promise<void> {
    const started = Array.from({ length: 3 - this.living().length }, async () => {
      const name = `member-${this.members.size}`;
      const effects = join(this.folder, 'effects');
      const member = new NodeProcess(PROGRAM, [JSON.stringify({ name, place: this.place, effects })]);
      this.members.set(name, member);
      // What kills its member may do so before it says a word.
      await until('a member is ready', () => member.count('ready') > 0 || !member.isAlive);
    });
    await Promise.all(started);
  }

  living(): string[] {
    return [...this.members].filter(([, member]) => member.isAlive).map(([name]) => name);
  }

  publish(...events: Numbered[]): Promise<void> {
    return this.app.get(MessageBus).publish(events);
  }

  runs(subscription: string, number?: number): Run[] {
    let text = '';
    try {
      text = readFileSync(join(this.folder, 'effects'), 'utf8');
    } catch {
      // Nobody has run yet.
    }
    return text
      .split('\n')
      .map((line) => line.split(' ') as [string, string, string, string, string])
      .filter(([of]) => of === subscription)
      .map(([, n, key, member, attempt]) => ({ number: Number(n), key, member, attempt }))
      .filter((run) => number === undefined || run.number === number);
  }

  distinct(subscription: string): number {
    return new Set(this.runs(subscription).map((run) => run.number)).size;
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe.each(serverPlaces('one'))('members that are killed -9 in their handlers, on $name', (kind) => {
  let crew: Crew;
  beforeAll(async () => {
    crew = new Crew(kind);
    await crew.open();
  });
  /** Three members for each test, whoever is left of the last one included. */
  beforeEach(() => crew.fillUp());
  afterAll(() => crew.close());

  const booked = async (account: string): Promise<number[]> =>
    (await crew.app.get(EventLog).read<Booked>(`account-${account}`)).map(({ event }) => event.number);

  it('QoS 0: what one had in hand is handled by nobody else, and the others go on', async () => {
    let next = 1;
    await crew.publish(new Pinged(0, undefined, 'after'));
    await until('a member is dead', () => crew.living().length === 2);
    const dead = performance.now();
    // Long enough for everything that would be delivered again.
    await until('the others get what comes, and time has passed', async () => {
      await crew.publish(new Pinged(next++));
      return performance.now() - dead > 2.5 * ACK_TIMEOUT && crew.distinct('pings') > 20;
    });
    expect(crew.living()).not.toContain(crew.runs('pings', 0)[0]?.member);
    // Nothing twice, neither that one nor any other.
    const handled = crew.runs('pings').map(({ number }) => number);
    expect(handled).toHaveLength(new Set(handled).size);
  });

  it('QoS 1: it is handled again by another one, and each key stays in order', async () => {
    const KEYS = 4;
    const count = 60;
    await crew.publish(
      ...numbers(count).map((n) => new Mailed(n, `${n % KEYS}`, n === 21 ? 'after' : undefined)),
      new Mailed(count, undefined, 'after'),
    );
    await until('all are handled', () => crew.distinct('mails') === count + 1 && crew.living().length === 1);
    for (const deadly of [21, count]) {
      const [first, second, ...more] = crew.runs('mails', deadly);
      expect(crew.living()).not.toContain(first?.member);
      expect(second?.member).not.toBe(first?.member);
      expect(more).toEqual([]);
    }
    for (let key = 0; key < KEYS; key++) {
      const seen = [
        ...new Set(
          crew
            .runs('mails')
            .filter((run) => run.key === `${key}`)
            .map((run) => run.number),
        ),
      ];
      expect(seen).toEqual(numbers(count).filter((n) => n % KEYS === key));
    }
  });

  it('QoS 1: what kills everybody who handles it becomes a dead letter, and what comes after it is handled', async () => {
    const letters = crew.app.get(MessageDeadLetterService);
    const from = 1_000;
    await crew.publish(
      new Mailed(from, 'deadly', 'always'),
      ...numbers(5).map((n) => new Mailed(from + 1 + n, 'deadly')),
    );
    await until('it is a dead letter', async () => {
      await crew.fillUp();
      return (await letters.count('mails')) > 0;
    });
    const after = (): number[] => crew.runs('mails').flatMap(({ number }) => (number > from ? [number] : []));
    await until('all after it are handled', () => after().length >= 5);
    expect(after()).toEqual(numbers(5).map((n) => from + 1 + n));
    const page = await letters.list({ subscription: 'mails' });
    expect(page.letters).toMatchObject([{ error: { code: 'CATGA_MESSAGE_ABANDONED' }, attempts: 3 }]);
    // Once more where the first member has died before anybody could write down that it had begun.
    expect([3, 4]).toContain(crew.runs('mails', from).length);
    await letters.remove('mails', [page.letters[0]?.id ?? '']);
  }, 60_000);

  it('QoS 2: the effect is there once, killed before the commit or after it, and each key stays in order', async () => {
    const accounts = ['a', 'b', 'c'];
    const events = numbers(30).map((n) => {
      const trap = n === 12 ? 'before' : n === 13 ? 'after' : undefined;
      return new Paid(n, accounts[n % 3], trap);
    });
    await crew.publish(...events);
    await until('all is booked', async () => {
      const all = await Promise.all(accounts.map(booked));
      return all.flat().length >= 30;
    });
    expect(crew.living()).toHaveLength(1);
    for (const [at, account] of accounts.entries()) {
      expect(await booked(account)).toEqual(numbers(30).filter((n) => n % 3 === at));
    }
    // Before the commit: run again by another one. After it: the inbox knows it, nobody runs it again.
    const again = crew.runs('ledger', 12).map(({ member }) => member);
    expect(again).toHaveLength(2);
    expect(again[1]).not.toBe(again[0]);
    expect(crew.runs('ledger', 13)).toHaveLength(1);
  });

  it('QoS 2: a dead letter is replayed within the window of its first publish, and has its effect once', async () => {
    const bus = crew.app.get(MessageBus);
    const letters = crew.app.get(MessageDeadLetterService);
    const paid = new Paid(100, 'late', 'fail');
    await bus.publish(paid, { id: 'paid-100' });
    await until('it is a dead letter', async () => (await letters.count('ledger')) === 1);
    expect(crew.runs('ledger', 100).map(({ attempt }) => attempt)).toEqual(['failed', 'failed', 'failed']);
    writeFileSync(join(crew.folder, 'effects.mended'), '');
    // Published again it is the same message: nothing happens.
    await bus.publish(paid, { id: 'paid-100' });
    expect(await letters.replayAll('ledger')).toBe(1);
    // Whoever gets the replay first is killed before its commit.
    await until('it is booked', async () => (await booked('late')).length > 0);
    expect(crew.living()).toHaveLength(2);
    await bus.publish(paid, { id: 'paid-100' });
    await crew.publish(new Paid(101, 'late'));
    await until('what comes after it is booked', async () => (await booked('late')).includes(101));
    expect(await booked('late')).toEqual([100, 101]);
    expect(crew.runs('ledger', 100)).toHaveLength(5);
    expect(await letters.count('ledger')).toBe(0);
  });
});

describe.each(serverPlaces('one'))('one partition with a message that kills whoever handles it, on $name', (kind) => {
  it('gives up that message alone: those of other keys are under way at each death, and are all handled', async () => {
    const crew = new Crew(kind, { partitions: 1 });
    await crew.open();
    try {
      const letters = crew.app.get(MessageDeadLetterService);
      await crew.fillUp();
      const healthy = numbers(6);
      const deadly = healthy.length;
      await crew.publish(
        ...healthy.map((n) => new Mailed(n, `healthy-${n}`, 'slow')),
        new Mailed(deadly, 'deadly', 'always'),
      );
      await until('somebody died of it', () => crew.living().length < 3);
      expect(crew.runs('mails-done')).toEqual([]);
      await until('each is handled or a dead letter', async () => {
        await crew.fillUp();
        return (await letters.count('mails')) + crew.distinct('mails-done') > healthy.length;
      });
      await crew.publish(new Mailed(deadly + 1, 'deadly', 'slow'));
      await until('what comes after it is handled', () => crew.runs('mails-done', deadly + 1).length > 0);
      const { letters: all } = await letters.list({ subscription: 'mails' });
      expect(all.map(({ message, error }) => [message.key, error.code])).toEqual([
        ['deadly', 'CATGA_MESSAGE_ABANDONED'],
      ]);
    } finally {
      await crew.close();
    }
  }, 60_000);
});
