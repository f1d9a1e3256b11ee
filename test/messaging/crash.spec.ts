import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatgaModule, Event, EventDelivery, EventLog, MessageBus, MessageDeadLetterService } from '@catga/core';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { removePlace, serverPlaces } from '../support/new-place.js';
import { NodeProcess, until } from '../support/node-process.js';
import { moduleAt, type Place } from '../support/places.mjs';

const PROGRAM = join(import.meta.dirname, 'member-program.mjs');
/** Milliseconds after which a silent member is replaced; the program says so. */
const ACK_TIMEOUT = 1_000;

type Trap = 'before' | 'after' | 'always' | 'fail';

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

describe.each(serverPlaces('one'))('members that are killed -9 in their handlers, on $name', ({ create }) => {
  let place: Place;
  let folder: string;
  let app: INestApplicationContext;
  const members = new Map<string, NodeProcess>();

  beforeAll(async () => {
    place = create();
    folder = mkdtempSync(join(tmpdir(), 'catga-crash-'));
    class Publisher {}
    Module({ imports: [CatgaModule.forRoot({ endpoints: false }), moduleAt(place)] })(Publisher);
    app = await NestFactory.createApplicationContext(Publisher, { logger: false, abortOnError: false });
    app.get(EventLog).registry.register(Booked);
  });
  /** Three members for each test, whoever is left of the last one included. */
  beforeEach(() => fillUp());
  async function fillUp(): Promise<void> {
    const missing = 3 - living().length;
    const started = Array.from({ length: missing }, async () => {
      const name = `member-${members.size}`;
      const member = new NodeProcess(PROGRAM, [JSON.stringify({ name, place, effects: join(folder, 'effects') })]);
      members.set(name, member);
      // What kills its member may do so before it says a word.
      await until('a member is ready', () => member.count('ready') > 0 || !member.isAlive);
    });
    await Promise.all(started);
  }
  afterAll(async () => {
    for (const member of members.values()) await member.kill();
    members.clear();
    await app.close();
    await removePlace(place);
    rmSync(folder, { recursive: true, force: true });
  });

  const living = (): string[] => [...members].filter(([, member]) => member.isAlive).map(([name]) => name);

  const publish = (...events: Numbered[]): Promise<void> => app.get(MessageBus).publish(events);

  function runs(subscription: string, number?: number): Run[] {
    let text = '';
    try {
      text = readFileSync(join(folder, 'effects'), 'utf8');
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

  const distinct = (subscription: string): number => new Set(runs(subscription).map((run) => run.number)).size;

  const booked = async (account: string): Promise<number[]> =>
    (await app.get(EventLog).read<Booked>(`account-${account}`)).map(({ event }) => event.number);

  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

  it('QoS 0: what one had in hand is handled by nobody else, and the others go on', async () => {
    let next = 1;
    await publish(new Pinged(0, undefined, 'after'));
    await until('a member is dead', () => living().length === 2);
    const dead = performance.now();
    // Long enough for everything that would be delivered again.
    await until('the others get what comes, and time has passed', async () => {
      await publish(new Pinged(next++));
      return performance.now() - dead > 2.5 * ACK_TIMEOUT && distinct('pings') > 20;
    });
    expect(living()).not.toContain(runs('pings', 0)[0]?.member);
    // Nothing twice, neither that one nor any other.
    const handled = runs('pings').map(({ number }) => number);
    expect(handled).toHaveLength(new Set(handled).size);
  });

  it('QoS 1: it is handled again by another one, and each key stays in order', async () => {
    const KEYS = 4;
    const count = 60;
    await publish(
      ...numbers(count).map((n) => new Mailed(n, `${n % KEYS}`, n === 21 ? 'after' : undefined)),
      new Mailed(count, undefined, 'after'),
    );
    await until('all are handled', () => distinct('mails') === count + 1 && living().length === 1);
    for (const deadly of [21, count]) {
      const [first, second, ...more] = runs('mails', deadly);
      expect(living()).not.toContain(first?.member);
      expect(second?.member).not.toBe(first?.member);
      expect(more).toEqual([]);
    }
    for (let key = 0; key < KEYS; key++) {
      const seen = [
        ...new Set(
          runs('mails')
            .filter((run) => run.key === `${key}`)
            .map((run) => run.number),
        ),
      ];
      expect(seen).toEqual(numbers(count).filter((n) => n % KEYS === key));
    }
  });

  it('QoS 1: what kills everybody who handles it becomes a dead letter, and what comes after it is handled', async () => {
    const letters = app.get(MessageDeadLetterService);
    const from = 1_000;
    await publish(new Mailed(from, 'deadly', 'always'), ...numbers(5).map((n) => new Mailed(from + 1 + n, 'deadly')));
    await until('it is a dead letter', async () => {
      await fillUp();
      return (await letters.count('mails')) > 0;
    });
    const after = (): number[] => runs('mails').flatMap(({ number }) => (number > from ? [number] : []));
    await until('all after it are handled', () => after().length >= 5);
    expect(after()).toEqual(numbers(5).map((n) => from + 1 + n));
    const page = await letters.list({ subscription: 'mails' });
    expect(page.letters).toMatchObject([{ error: { code: 'CATGA_MESSAGE_ABANDONED' }, attempts: 3 }]);
    // Once more where the first member has died before anybody could write down that it had begun.
    expect([3, 4]).toContain(runs('mails', from).length);
    await letters.remove('mails', [page.letters[0]?.id ?? '']);
  }, 60_000);

  it('QoS 2: the effect is there once, killed before the commit or after it, and each key stays in order', async () => {
    const accounts = ['a', 'b', 'c'];
    const events = numbers(30).map((n) => {
      const trap = n === 12 ? 'before' : n === 13 ? 'after' : undefined;
      return new Paid(n, accounts[n % 3], trap);
    });
    await publish(...events);
    await until('all is booked', async () => {
      const all = await Promise.all(accounts.map(booked));
      return all.flat().length >= 30;
    });
    expect(living()).toHaveLength(1);
    for (const [at, account] of accounts.entries()) {
      expect(await booked(account)).toEqual(numbers(30).filter((n) => n % 3 === at));
    }
    // Before the commit: run again by another one. After it: the inbox knows it, nobody runs it again.
    const again = runs('ledger', 12).map(({ member }) => member);
    expect(again).toHaveLength(2);
    expect(again[1]).not.toBe(again[0]);
    expect(runs('ledger', 13)).toHaveLength(1);
  });

  it('QoS 2: a dead letter is replayed within the window of its first publish, and has its effect once', async () => {
    const bus = app.get(MessageBus);
    const letters = app.get(MessageDeadLetterService);
    const paid = new Paid(100, 'late', 'fail');
    await bus.publish(paid, { id: 'paid-100' });
    await until('it is a dead letter', async () => (await letters.count('ledger')) === 1);
    expect(runs('ledger', 100).map(({ attempt }) => attempt)).toEqual(['failed', 'failed', 'failed']);
    writeFileSync(join(folder, 'effects.mended'), '');
    // Published again it is the same message: nothing happens.
    await bus.publish(paid, { id: 'paid-100' });
    expect(await letters.replayAll('ledger')).toBe(1);
    // Whoever gets the replay first is killed before its commit.
    await until('it is booked', async () => (await booked('late')).length > 0);
    expect(living()).toHaveLength(2);
    await bus.publish(paid, { id: 'paid-100' });
    await publish(new Paid(101, 'late'));
    await until('what comes after it is booked', async () => (await booked('late')).includes(101));
    expect(await booked('late')).toEqual([100, 101]);
    expect(runs('ledger', 100)).toHaveLength(5);
    expect(await letters.count('ledger')).toBe(0);
  });
});
