import { cpu, difference, each, line, ratio } from '../runner/figures.mjs';
import { takeRounds } from '../runner/rounds.mjs';

const CONTESTANTS = {
  direct: { file: 'mediator/direct', variant: '1' },
  direct20: { file: 'mediator/direct', variant: '20' },
  send: { file: 'mediator/catga-send', variant: '1' },
  send20: { file: 'mediator/catga-send', variant: '20' },
  bus: { file: 'mediator/cqrs-send', variant: '1' },
  bus20: { file: 'mediator/cqrs-send', variant: '20' },
  nested: { file: 'mediator/nested' },
  behaviors: { file: 'mediator/behaviors' },
  three: { file: 'mediator/three-calls' },
  publish: { file: 'mediator/catga-publish' },
  eventBus: { file: 'mediator/cqrs-publish' },
};

/** `send`, behaviours and `publish` against direct calls and against @nestjs/cqrs. */
export async function mediator() {
  const { samples: s, quiet } = await takeRounds(CONTESTANTS, { rounds: 45, milliseconds: 40 });
  const ns = (name, title, samples) => line(`mediator.${name}.ns`, title, each(samples, cpu), { unit: 'ns' });
  return {
    title: 'Mediator',
    quiet,
    lines: [
      line('mediator.send.vs-direct', '`send` against the direct awaited call, 1 type', ratio(s.send, s.direct), {
        unit: '×',
        most: 1.25,
      }),
      line(
        'mediator.send-20.vs-direct',
        '`send` against the direct awaited call, 20 types',
        ratio(s.send20, s.direct20),
        { unit: '×', most: 1.25 },
      ),
      line('mediator.bus.vs-send', '`CommandBus.execute` against `send`, 1 type', ratio(s.bus, s.send), {
        unit: '×',
        least: 3,
      }),
      line('mediator.bus-20.vs-send', '`CommandBus.execute` against `send`, 20 types', ratio(s.bus20, s.send20), {
        unit: '×',
        least: 3,
      }),
      line(
        'mediator.behaviors.vs-nested',
        'three async behaviours against three nested async calls',
        ratio(s.behaviors, s.nested),
        { unit: '×', most: 1.2 },
      ),
      line(
        'mediator.event-bus.vs-publish',
        '`EventBus.publish` (does not wait) against `publish` (awaited), 3 handlers',
        ratio(s.eventBus, s.publish),
        { unit: '×', least: 10 },
      ),
      line(
        'mediator.publish.vs-calls',
        '`publish` to 3 handlers against three calls awaited in turn',
        ratio(s.publish, s.three),
        { unit: '×' },
      ),
      line('mediator.send.added', 'what `send` adds to the call, 1 type', difference(s.send, s.direct), { unit: 'ns' }),
      ns('direct', 'direct awaited call, 1 type', s.direct),
      ns('direct-20', 'direct awaited call, 20 types', s.direct20),
      ns('send', '`mediator.send`, 1 type', s.send),
      ns('send-20', '`mediator.send`, 20 types', s.send20),
      ns('bus', '`CommandBus.execute`, 1 type', s.bus),
      ns('bus-20', '`CommandBus.execute`, 20 types', s.bus20),
      ns('nested', 'three nested async calls around the handler', s.nested),
      ns('behaviors', '`send` through three async behaviours', s.behaviors),
      ns('three-calls', 'three async calls awaited in turn', s.three),
      ns('publish', '`mediator.publish` to 3 handlers', s.publish),
      ns('event-bus', '`EventBus.publish` to 3 handlers', s.eventBus),
    ],
  };
}
