import assert from 'node:assert/strict';
import type {
  Consumer,
  IncomingMessage,
  MessageDeadLetter,
  MessageHandler,
  SubscriptionOptions,
  Transport,
  TransportMessage,
} from '@catga/core';

/** What a test subscription has got, in the order in which handlers began. */
export interface Collected {
  readonly consumer: Consumer;
  readonly messages: IncomingMessage[];
  /** Ids of the messages. */
  ids(): string[];
  /** Waits for so many messages. */
  count(least: number): Promise<void>;
}

/** Short back-offs: tests of retries should not take seconds. */
export const QUICK = { backoff: () => 20, ackTimeout: 2_000 } as const;

/** Subscribes and remembers what comes; `then` may fail or take its time. */
export async function collect(
  transport: Transport,
  options: SubscriptionOptions,
  then?: MessageHandler,
): Promise<Collected> {
  const messages: IncomingMessage[] = [];
  const consumer = await transport.subscribe({ ...QUICK, ...options }, (message, signal) => {
    messages.push(message);
    return then?.(message, signal);
  });
  return {
    consumer,
    messages,
    ids: () => messages.map(({ id }) => id),
    count: (least) =>
      eventually(
        () => `${least} messages; there are ${messages.length}`,
        () => messages.length >= least,
      ),
  };
}

/** Messages `<prefix>-0`, `<prefix>-1`, … whose bodies are their numbers. */
export function messagesOf(
  prefix: string,
  subject: string,
  count: number,
  rest: Partial<TransportMessage> = {},
): TransportMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${index}`,
    subject,
    body: String(index),
    ...rest,
  }));
}

/** Lets time pass, where only time can show that nothing happens any more. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until the check answers true. */
export async function eventually(
  what: string | (() => string),
  check: () => boolean | Promise<boolean>,
  within = 15_000,
): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await check())) {
    if (performance.now() > deadline) {
      throw new Error(`Not within ${within} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await pause(5);
  }
}

/** A door that handlers wait at until the test opens it. */
export class Gate {
  waiting = 0;
  private open!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));

  pass(): Promise<void> {
    this.waiting++;
    return this.opened;
  }

  release(): void {
    this.open();
  }
}

/** Waits for a number of dead letters and returns them. */
export async function lettersOf(
  transport: Transport,
  subscription: string,
  count: number,
): Promise<readonly MessageDeadLetter[]> {
  await eventually(
    `${count} dead letters of ${subscription}`,
    async () => (await transport.deadLetters.count(subscription)) >= count,
  );
  const { letters } = await transport.deadLetters.list({ subscription });
  assert.equal(letters.length, count, 'dead letters');
  return letters;
}

/** Every id once, in any order. */
export function assertEachOnce(ids: readonly string[], expected: readonly TransportMessage[]): void {
  assert.deepEqual([...ids].sort(), expected.map(({ id }) => id).sort());
}

/** Every id at least once, and nothing else. */
export function assertEachAtLeastOnce(ids: readonly string[], expected: readonly TransportMessage[]): void {
  assert.deepEqual([...new Set(ids)].sort(), expected.map(({ id }) => id).sort());
}
