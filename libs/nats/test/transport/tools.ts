import type { Consumer, IncomingMessage, MessageHandler, SubscriptionOptions, TransportMessage } from '@catga/core';
import { NatsTransport, type NatsTransportOptions } from '@catga/nats';
import { setTimeout as sleep } from 'node:timers/promises';
import { newName } from '../tools.js';

/** An open transport; closes quickly. */
export async function openTransport(servers: string, options: NatsTransportOptions = {}): Promise<NatsTransport> {
  const transport = new NatsTransport({ servers, name: newName(), drainTimeout: '2s', ...options });
  await transport.open();
  return transport;
}

/** A member that remembers what it was given, and what it has finished. */
export async function member(
  transport: NatsTransport,
  options: Partial<SubscriptionOptions> = {},
  handler?: MessageHandler,
): Promise<{ consumer: Consumer; got: IncomingMessage[]; done: string[] }> {
  const got: IncomingMessage[] = [];
  const done: string[] = [];
  const consumer = await transport.subscribe(
    { name: 'work', subjects: ['jobs'], ackTimeout: '1s', backoff: () => 20, ...options },
    async (message, signal) => {
      got.push(message);
      await handler?.(message, signal);
      done.push(message.id);
    },
  );
  return { consumer, got, done };
}

/** Messages of one subject whose ids are `<prefix><number>`. */
export function jobs(prefix: string, count: number, key?: (index: number) => string): TransportMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}${index}`,
    subject: 'jobs',
    body: String(index),
    ...(key !== undefined && { key: key(index) }),
  }));
}

/** Waits until something is so. */
export async function until(what: string, check: () => boolean | Promise<boolean>, within = 20_000): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not within ${within} ms: ${what}`);
    await sleep(10);
  }
}
