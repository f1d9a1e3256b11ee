import { cpu, each, figure, line, rate, ratio } from '../runner/figures.mjs';
import { present } from '../runner/peers.mjs';
import { takeRounds } from '../runner/rounds.mjs';

const append = (who, streams) => ({ file: 'events/append', variant: `${who} ${streams}` });
const command = (who, orders) => ({ file: 'events/command', variant: `${who} ${orders}` });
const load = (variant) => ({ file: 'events/load', variant });
const bytes = (variant) => ({ file: 'events/bytes', variant, flags: ['--expose-gc'] });

const APPENDS = {
  log1k: append('log', 1_000),
  log10k: append('log', 10_000),
  log1m: append('log', 1_000_000),
  store1k: append('store', 1_000),
  store1m: append('store', 1_000_000),
  emmett1k: append('emmett', 1_000),
  emmett10k: append('emmett', 10_000),
  castore1k: append('castore', 1_000),
  castore10k: append('castore', 10_000),
};

const LOADS = {
  loop: load('loop'),
  loopByClass: load('loop-by-class'),
  loopNew: load('loop-new'),
  repository: load('repository'),
  read: load('read'),
  emmett: load('emmett'),
  castore: load('castore'),
};

/** As many orders as a sample needs, so that histories stay near 1,000. */
const COMMANDS = {
  reference: command('reference', 40),
  referenceKept: command('reference-snapshots', 100),
  copy: command('copy', 4),
  copyKept: command('copy-snapshots', 40),
  sqlite: command('sqlite', 4),
  sqliteKept: command('sqlite-snapshots', 8),
  emmett: command('emmett', 40),
  castore: command('castore', 40),
};

const DURABLE = {
  fifty: { file: 'events/sqlite-append', variant: '50' },
  one: { file: 'events/sqlite-append', variant: '1' },
};

/** Apart, and not often: what fails keeps the disk busy and takes its time. */
const DURABLE_EMMETT = {
  emmettSqlite: { file: 'events/emmett-sqlite', variant: '1' },
  emmettSqlite50: { file: 'events/emmett-sqlite', variant: '50' },
};

const BYTES = {
  plain: bytes('plain'),
  log: bytes('log'),
  copy: bytes('copy'),
  emmett: bytes('emmett'),
  castore: bytes('castore'),
};

/** The event log and aggregates, beside Emmett and castore where they are installed. */
export async function events({ folder, peers }) {
  const take = (contestants, plan) => takeRounds(present(contestants, peers), plan);
  const env = { BENCH_FOLDER: folder };
  const appends = await take(APPENDS, { rounds: 11, milliseconds: 80 });
  const loads = await take(LOADS, { rounds: 15, milliseconds: 40 });
  const commands = await take(COMMANDS, { rounds: 7, milliseconds: 150, env });
  const durable = await take(DURABLE, { rounds: 7, milliseconds: 600, env });
  const emmett = await take(DURABLE_EMMETT, { rounds: 3, milliseconds: 1, env });
  const kept = await take(BYTES, { rounds: 3, milliseconds: 1 });
  return {
    title: 'Event log and aggregates',
    quiet: Math.min(appends.quiet, loads.quiet, commands.quiet, durable.quiet),
    lines: [
      ...appendLines(appends.samples),
      ...loadLines(loads.samples),
      ...commandLines(commands.samples),
      ...durableLines({ ...durable.samples, ...emmett.samples }),
      ...byteLines(kept.samples),
      ...costLines(appends.samples, loads.samples, commands.samples),
    ],
  };
}

/** Lines of a peer say so when it was not there. */
const EMMETT = { unit: '×', note: 'Emmett not installed' };
const CASTORE = { unit: '×', note: 'castore not installed' };

function appendLines(a) {
  const name = (what) => `events.append.${what}`;
  return [
    line(name('emmett-1k'), 'append in memory, 1,000 streams: Emmett against `EventLog`', ratio(a.emmett1k, a.log1k), {
      ...EMMETT,
      least: 15,
    }),
    line(name('emmett-10k'), 'the same, 10,000 streams', ratio(a.emmett10k, a.log10k), { ...EMMETT, least: 15 }),
    line(
      name('castore-1k'),
      'the same, 1,000 streams: castore against `EventLog`',
      ratio(a.castore1k, a.log1k),
      CASTORE,
    ),
    line(name('castore-10k'), 'the same, 10,000 streams', ratio(a.castore10k, a.log10k), CASTORE),
    line(name('flat'), '`EventLog.append` with 1,000,000 streams against 1,000 streams', ratio(a.log1m, a.log1k), {
      unit: '×',
      most: 2,
    }),
    line(
      name('emmett-flat'),
      'Emmett with 10,000 streams against 1,000 streams',
      ratio(a.emmett10k, a.emmett1k),
      EMMETT,
    ),
  ];
}

function loadLines(l) {
  const name = (what) => `events.load.${what}`;
  return [
    line(
      name('vs-loop'),
      'aggregate loaded from 1,000 events in memory, against a loop over them',
      ratio(l.repository, l.loop),
      {
        unit: '×',
        most: 1.5,
      },
    ),
    line(
      name('vs-by-class'),
      'the same against a loop that finds the method of each event by its class',
      ratio(l.repository, l.loopByClass),
      { unit: '×' },
    ),
    line(
      name('vs-fold'),
      'the same against a loop that makes a new state for each event',
      ratio(l.repository, l.loopNew),
      {
        unit: '×',
      },
    ),
    line(name('emmett'), 'the same: Emmett against `AggregateRepository`', ratio(l.emmett, l.repository), EMMETT),
    line(name('castore'), 'the same: castore against `AggregateRepository`', ratio(l.castore, l.repository), CASTORE),
  ];
}

function commandLines(c) {
  const name = (what) => `events.command.${what}`;
  const bar = { unit: '×', least: 10 };
  return [
    line(
      name('snapshots-sqlite'),
      'command, history 1,000: without against with snapshots, SQLite',
      ratio(c.sqlite, c.sqliteKept),
      bar,
    ),
    line(name('snapshots-copy'), 'the same, memory `copy`', ratio(c.copy, c.copyKept), bar),
    line(name('snapshots-reference'), 'the same, memory `reference`', ratio(c.reference, c.referenceKept), {
      unit: '×',
    }),
    line(name('emmett'), 'the same, without: Emmett against `reference`', ratio(c.emmett, c.reference), EMMETT),
    line(name('castore'), 'the same, without: castore against `reference`', ratio(c.castore, c.reference), CASTORE),
    line(name('rate-sqlite'), 'commands one at a time, history 1,000, SQLite', each(c.sqlite, rate), { unit: '/s' }),
    line(name('rate-sqlite-snapshots'), 'the same with snapshots', each(c.sqliteKept, rate), { unit: '/s' }),
  ];
}

function durableLines(d) {
  const name = (what) => `events.sqlite.${what}`;
  const of = (samples, what) => each(samples, figure(what));
  const note = 'Emmett SQLite not installed';
  return [
    line(name('p99.50'), 'p99 of an append to SQLite, 50 in flight', of(d.fifty, 'p99'), { unit: 'ms', most: 5 }),
    line(name('p50.50'), 'p50 of the same', of(d.fifty, 'p50'), { unit: 'ms' }),
    line(name('rate.50'), 'appends to SQLite, 50 in flight', each(d.fifty, rate), { unit: '/s' }),
    line(name('p99.1'), 'p99 of an append to SQLite, one at a time', of(d.one, 'p99'), { unit: 'ms' }),
    line(name('p50.1'), 'p50 of the same', of(d.one, 'p50'), { unit: 'ms' }),
    line(
      name('emmett.passed.50'),
      'Emmett SQLite, 50 in flight: appends that succeed',
      of(d.emmettSqlite50, 'passed'),
      { unit: '%', note },
    ),
    line(name('emmett.p99.50'), 'p99 of those', of(d.emmettSqlite50, 'p99'), {
      unit: 'ms',
      note: d.emmettSqlite50 === undefined ? note : 'none succeeded',
    }),
    line(name('emmett.passed.1'), 'Emmett SQLite, one at a time: appends that succeed', of(d.emmettSqlite, 'passed'), {
      unit: '%',
      note,
    }),
    line(name('emmett.p50.1'), 'p50 of those', of(d.emmettSqlite, 'p50'), { unit: 'ms', note }),
    line(name('emmett.p99.1'), 'p99 of those', of(d.emmettSqlite, 'p99'), { unit: 'ms', note }),
  ];
}

function byteLines(kept) {
  const who = [
    ['log', '`reference`'],
    ['copy', '`copy`'],
    ['plain', 'a `Map` of arrays of the same events'],
    ['castore', 'castore'],
    ['emmett', 'Emmett'],
  ];
  const of = (what, title) =>
    who.map(([key, name]) =>
      // The first one is still warming up.
      line(`events.bytes.${what}.${key}`, `${title}, ${name}`, each(kept[key]?.slice(1), figure(what)), {
        unit: 'bytes',
        note: 'not installed',
      }),
    );
  return [...of('event', 'memory of an event, its data included'), ...of('stream', 'memory of a stream')];
}

function costLines(a, l, c) {
  const ns = (name, title, samples) =>
    line(`events.${name}.ns`, title, each(samples, cpu), { unit: 'ns CPU', note: 'not installed' });
  return [
    ns('append.log-1k', '`EventLog.append`, 1,000 streams', a.log1k),
    ns('append.log-10k', '`EventLog.append`, 10,000 streams', a.log10k),
    ns('append.log-1m', '`EventLog.append`, 1,000,000 streams', a.log1m),
    ns('append.store-1k', '`store.commit`, 1,000 streams', a.store1k),
    ns('append.store-1m', '`store.commit`, 1,000,000 streams', a.store1m),
    ns('append.castore-1k', 'castore, 1,000 streams', a.castore1k),
    ns('append.castore-10k', 'castore, 10,000 streams', a.castore10k),
    ns('append.emmett-1k', 'Emmett, 1,000 streams', a.emmett1k),
    ns('append.emmett-10k', 'Emmett, 10,000 streams', a.emmett10k),
    ns('load.loop', 'loop over 1,000 events', l.loop),
    ns('load.loop-by-class', 'the same with the method of each event found by its class', l.loopByClass),
    ns('load.loop-new', 'the same with a new state for each event', l.loopNew),
    ns('load.repository', '`AggregateRepository.load`', l.repository),
    ns('load.read', '`EventLog.read`, 1,000 events', l.read),
    ns('load.castore', 'castore, the aggregate of 1,000 events', l.castore),
    ns('load.emmett', 'Emmett, the state of 1,000 events', l.emmett),
    ns('command.reference', 'command, history 1,000, `reference`', c.reference),
    ns('command.reference-snapshots', 'the same with snapshots', c.referenceKept),
    ns('command.copy', 'command, history 1,000, `copy`', c.copy),
    ns('command.copy-snapshots', 'the same with snapshots', c.copyKept),
    ns('command.sqlite', 'command, history 1,000, SQLite', c.sqlite),
    ns('command.sqlite-snapshots', 'the same with snapshots', c.sqliteKept),
    ns('command.castore', 'command, history 1,000, castore', c.castore),
    ns('command.emmett', 'command, history 1,000, Emmett', c.emmett),
  ];
}
