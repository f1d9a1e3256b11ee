// A member of the subscriptions of crash.spec.ts: a Nest application at a place that it shares with others. Its argument
// is JSON: the name of the member, the place, and a file to which each run of a handler appends a line,
// "<subscription> <number> <key> <member> <attempt>". Ends when its standard input does.
//
// What is to go wrong with an event it says itself, in `trap`, and it happens to whoever gets it first:
//   after    killed -9 when the effect is there and nobody knows yet
//   before   killed -9 when the effect is about to be committed (ledger only)
//   always   as 'after', and not only the first one (mails only)
//   slow     takes 200 ms after it has written its line, and then writes another one, "<subscription>-done ..." (mails only)
//   fail     the handler throws until the file <effects>.mended is there, and from then on it is as 'before'
import 'reflect-metadata';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatgaModule, Event, EventDelivery, EventHandler, EventLog, Inbox, Subscribe } from '@catga/core';
import { moduleAt } from '../support/places.mjs';

const { name, place, effects } = JSON.parse(process.argv[2]);
const tuning = { ackTimeout: '1s', backoff: 50, maxAttempts: 3 };

function linesOf(subscription, number) {
  const lines = existsSync(effects) ? readFileSync(effects, 'utf8').split('\n') : [];
  return lines.filter((line) => line.startsWith(`${subscription} ${number} `));
}

function note(subscription, event, context) {
  appendFileSync(effects, `${subscription} ${event.number} ${event.key} ${name} ${context.delivery.attempt}\n`);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
}

function eventClass(wireName, qos) {
  const type = class {};
  Event(wireName)(type);
  EventDelivery({ qos, key: ({ key }) => key })(type);
  return type;
}
const Pinged = eventClass('crash.pinged', 0);
const Mailed = eventClass('crash.mailed', 1);
const Paid = eventClass('crash.paid', 2);
class Booked {
  constructor(number) {
    this.number = number;
  }
}
Event('crash.booked')(Booked);

/** Its effect is the line that it writes. */
function noteTaker(subscription, type, qos) {
  class NoteTaker {
    async handle(event, context) {
      const isFirst = linesOf(subscription, event.number).length === 0;
      note(subscription, event, context);
      if (event.trap === 'always' || (event.trap === 'after' && isFirst)) die();
      if (event.trap !== 'slow') return;
      await sleep(200);
      note(`${subscription}-done`, event, context);
    }
  }
  EventHandler(type)(NoteTaker);
  Subscribe(subscription, { ...tuning, qos })(NoteTaker);
  return NoteTaker;
}

/** Its effect is an event, in one commit with the entry of the inbox. */
class Ledger {
  constructor(log, inbox) {
    this.log = log;
    this.inbox = inbox;
  }
  async handle(event, context) {
    const failing = event.trap === 'fail' && !existsSync(`${effects}.mended`);
    const deadly = !failing && !linesOf('ledger', event.number).some((line) => !line.endsWith(' failed'));
    note('ledger', event, { delivery: { attempt: failing ? 'failed' : context.delivery.attempt } });
    if (failing) throw new Error('not yet');
    const records = await this.inbox.entry(context);
    if (deadly && (event.trap === 'before' || event.trap === 'fail')) die();
    await this.log.commit({
      appends: [{ stream: `account-${event.key}`, expectedVersion: 'any', events: [new Booked(event.number)] }],
      records,
    });
    if (deadly && event.trap === 'after') die();
  }
}
Inject(EventLog)(Ledger, undefined, 0);
Inject(Inbox)(Ledger, undefined, 1);
EventHandler(Paid)(Ledger);
Subscribe('ledger', { ...tuning, qos: 2 })(Ledger);

class MemberModule {}
Module({
  imports: [CatgaModule.forRoot({ messaging: { inbox: { lease: '1500ms' } }, endpoints: false }), moduleAt(place)],
  providers: [noteTaker('pings', Pinged, 0), noteTaker('mails', Mailed, 1), Ledger],
})(MemberModule);

const app = await NestFactory.createApplicationContext(MemberModule, { logger: ['error', 'warn'] });
console.log('ready');
process.stdin.resume();
process.stdin.once('end', () => void app.close());
