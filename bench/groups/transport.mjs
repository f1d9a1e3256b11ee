import { each, figure, line } from '../runner/figures.mjs';
import { takeRounds } from '../runner/rounds.mjs';
import { startServers } from '../runner/servers.mjs';

const SERVERS = { redis: { kind: 'redis', appendfsync: 'everysec' }, nats: { kind: 'nats' } };
const ROUNDS = 5;
/** Samples are long and have servers beside them: a gap between other programs' work is no help. Milliseconds. */
const PATIENCE = 50;
const DURABILITY = { memory: 'nothing kept', redis: 'appendfsync everysec', nats: 'file, no fsync' };

/** Which server a contestant needs, its file, and whether it is told `nats URL` (a transport of ours) or the address. */
const CONTESTANTS = {
  'publish memory': { file: 'transport/publish' },
  'publish redis': { server: 'redis', file: 'transport/publish' },
  'publish nats': { server: 'nats', file: 'transport/publish' },
  'publish raw-redis': { server: 'redis', file: 'transport/redis-publish', raw: true },
  'publish raw-nats': { server: 'nats', file: 'transport/nats-publish', raw: true },
  'consume memory': { file: 'transport/consume' },
  'consume redis': { server: 'redis', file: 'transport/consume' },
  'consume nats': { server: 'nats', file: 'transport/consume' },
  'consume nats-apart': { server: 'nats', file: 'transport/consume', only: 'apart' },
  'consume nats-once': { server: 'nats', file: 'transport/consume-once', raw: true },
  'consume nest': { server: 'nats', file: 'transport/nest-consume', raw: true },
  'consume raw-redis': { server: 'redis', file: 'transport/redis-consume', raw: true },
  'consume raw-nats': { server: 'nats', file: 'transport/nats-consume', raw: true },
  'consume core-nats': { server: 'nats', file: 'transport/nats-subscribe', raw: true },
  'request memory': { file: 'transport/request' },
  'request redis': { server: 'redis', file: 'transport/request' },
  'request nats': { server: 'nats', file: 'transport/request' },
  'request nest': { server: 'nats', file: 'transport/nest-request', raw: true },
  'request raw-nats': { server: 'nats', file: 'transport/nats-request', raw: true },
};

/** Publishing, consuming and asking: our transports beside Nest's own NATS transport and the bare clients. */
export async function transport({ folder }) {
  const { urls, notes, stop } = await startServers(folder, SERVERS);
  try {
    const there = Object.entries(CONTESTANTS).filter(([, { server }]) => server === undefined || server in urls);
    const contestants = there.map(([name, { server, file, raw, only = '' }]) => {
      const variant = server === undefined ? 'memory' : raw ? urls[server] : `${server} ${urls[server]} ${only}`.trim();
      return [name, { file, variant }];
    });
    // The contestants time themselves: one operation is one visit of all that they do.
    const plan = { rounds: ROUNDS, milliseconds: 1, patience: PATIENCE };
    const { samples, quiet } = await takeRounds(Object.fromEntries(contestants), plan);
    const lines = [...publishing(samples), ...consuming(samples), ...asking(samples)];
    // What nobody could measure has no line: the notes say why.
    return { title: 'Transports', quiet, notes, lines: lines.filter(({ value }) => value !== null) };
  } finally {
    await stop();
  }
}

/** A line of one figure of one contestant. */
const of = (samples) => (name, title, contestant, what, about) =>
  line(`transport.${name}`, title, each(samples[contestant], figure(what)), about);

/** A line of the ratio of two contestants' figures within each round. */
const against =
  (samples) =>
  (name, title, [one, what], [base, baseWhat], about) => {
    const values = (samples[one] ?? []).map(
      (sample, i) => sample.figures[what] / samples[base]?.[i]?.figures[baseWhat],
    );
    return line(`transport.${name}`, title, values, { unit: '×', ...about });
  };

function publishing(samples) {
  const [rate, ratio] = [of(samples), against(samples)];
  const at = { 1: 'one at a time', 256: '256 in flight' };
  const ours = (kind, inFlight) =>
    rate(
      `publish.${kind}.${inFlight}`,
      `publish with acknowledgement, ${kind} (${DURABILITY[kind]}), ${at[inFlight]}`,
      `publish ${kind}`,
      String(inFlight),
      { unit: '/s' },
    );
  const raw = (kind, call, inFlight) =>
    rate(
      `publish.raw-${kind}.${inFlight}`,
      `compare: ${call} of the client, ${at[inFlight]}`,
      `publish raw-${kind}`,
      String(inFlight),
      { unit: '/s' },
    );
  return [
    ratio(
      'publish.vs-one-by-one',
      'publish on JetStream, 256 in flight, against `js.publish` one by one',
      ['publish nats', '256'],
      ['publish raw-nats', '1'],
      { least: 3 },
    ),
    ratio(
      'publish.vs-in-flight',
      'the same against `js.publish`, 256 in flight as well',
      ['publish nats', '256'],
      ['publish raw-nats', '256'],
    ),
    ratio(
      'publish.vs-xadd',
      'publish on Redis, 256 in flight, against a bare XADD as well',
      ['publish redis', '256'],
      ['publish raw-redis', '256'],
    ),
    ...[1, 256].flatMap((inFlight) => [
      ours('nats', inFlight),
      raw('nats', '`js.publish`', inFlight),
      ours('redis', inFlight),
      raw('redis', 'XADD', inFlight),
      ours('memory', inFlight),
    ]),
  ];
}

function consuming(samples) {
  const [rate, ratio] = [of(samples), against(samples)];
  const pair = (name, title, contestant, [what, cpu]) => [
    rate(name, title, contestant, what, { unit: '/s' }),
    rate(`${name}.cpu`, 'CPU of it in the consuming process', contestant, cpu, { unit: 'µs CPU' }),
  ];
  const [alone, through] = [
    ['rate', 'cpu'],
    ['through', 'throughCpu'],
  ];
  return [
    ratio(
      'consume.vs-nest',
      "consume on JetStream, acknowledged, against Nest's own NATS transport (at most once)",
      ['consume nats', 'rate'],
      ['consume nest', 'rate'],
      { least: 2 },
    ),
    ratio(
      'consume.apart-vs-nest',
      'the same where each message lies in the stream alone (published with QoS 2)',
      ['consume nats-apart', 'rate'],
      ['consume nest', 'rate'],
    ),
    ratio(
      'consume.once-vs-nest',
      "consume with QoS 0 against Nest's own NATS transport: at most once, both of them",
      ['consume nats-once', 'rate'],
      ['consume nest', 'rate'],
    ),
    ratio(
      'through.vs-nest',
      'publish and consume in one process, both acknowledged, against `emit` and `@EventPattern`',
      ['consume nats', 'through'],
      ['consume nest', 'through'],
    ),
    ratio(
      'consume.vs-client',
      "consume on JetStream against the client's `consume` with `ack`",
      ['consume nats', 'rate'],
      ['consume raw-nats', 'rate'],
    ),
    ratio(
      'consume.vs-xreadgroup',
      'consume on Redis against XREADGROUP and XACK by hundreds',
      ['consume redis', 'rate'],
      ['consume raw-redis', 'rate'],
    ),
    ...pair('consume.nats', 'consume, nats, QoS 1', 'consume nats', alone),
    ...pair('consume.nats.apart', 'consume, nats, published with QoS 2', 'consume nats-apart', alone),
    ...pair('consume.nats-once', 'consume, nats, QoS 0, fed by another process', 'consume nats-once', alone),
    ...pair('consume.nest', "compare: Nest's `@EventPattern`, fed by another process", 'consume nest', alone),
    ...pair('consume.raw-nats', 'compare: `consume` and `ack` of the client', 'consume raw-nats', alone),
    ...pair('consume.core-nats', 'compare: core subscription, fed by another process', 'consume core-nats', alone),
    ...pair('through.nats', 'publish and consume in one process, nats, QoS 1', 'consume nats', through),
    ...pair('through.nest', 'compare: `emit` and `@EventPattern` in one process', 'consume nest', through),
    ...pair('consume.redis', 'consume, redis, QoS 1', 'consume redis', alone),
    ...pair('consume.raw-redis', 'compare: XREADGROUP and XACK by hundreds', 'consume raw-redis', alone),
    ...pair('through.redis', 'publish and consume in one process, redis, QoS 1', 'consume redis', through),
    ...pair('consume.memory', 'consume, memory, QoS 1', 'consume memory', alone),
  ];
}

function asking(samples) {
  const [rate, ratio] = [of(samples), against(samples)];
  const [at, who] = [
    { 1: 'one at a time', 64: '64 in flight' },
    {
      nats: 'request and reply, nats',
      nest: 'compare: `ClientNats.send` and `@MessagePattern`',
      'raw-nats': 'compare: `request` of the client',
      redis: 'request and reply, redis',
      memory: 'request and reply, memory',
    },
  ];
  return [
    ...[1, 64].map((inFlight) =>
      ratio(
        `request.vs-nest.${inFlight}`,
        `request and reply on NATS against \`ClientNats.send\`, ${at[inFlight]}`,
        ['request nats', String(inFlight)],
        ['request nest', String(inFlight)],
      ),
    ),
    ...[1, 64].flatMap((inFlight) =>
      Object.entries(who).map(([name, title]) =>
        rate(`request.${name}.${inFlight}`, `${title}, ${at[inFlight]}`, `request ${name}`, String(inFlight), {
          unit: '/s',
        }),
      ),
    ),
  ];
}
