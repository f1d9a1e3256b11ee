import { describeHandlerError } from '@catga/core';
import type { RedisArgument } from '../connection/index.js';
import { LOOSE, type Delivery } from './delivery.js';
import type { Link } from './link.js';
import { SCRIPTS } from './scripts/index.js';

/** Most messages of one call; Lua cannot pass many thousands of arguments on. */
const MOST = 1_000;
const PAUSE = 50;

/** What becomes of a message that was not handled. */
type Verdict = 'mark' | 'retry' | 'dead';

interface Order {
  readonly args: readonly RedisArgument[];
  /** False: the member was taken for dead meanwhile and has no say in it. */
  readonly done: (isMember: boolean) => void;
}

/**
 * Tells the server what became of messages, those of one turn of the event loop in one call. While the server is away
 * it keeps what it has to tell: a message that was handled is not handled again because of a short outage.
 */
export class Settlements {
  private handled: Delivery[] = [];
  private orders: Order[] = [];
  private underWay = 0;
  private isScheduled = false;
  private isOver = false;
  private whenIdle: (() => void)[] = [];

  /** @param member who handles these messages */
  constructor(
    private readonly link: Link,
    private readonly subscription: string,
    private readonly member: string,
  ) {}

  get isIdle(): boolean {
    return this.handled.length + this.orders.length + this.underWay === 0;
  }

  /** Ids of messages without a key that the server was not told about for certain. */
  readonly unsaid = new Set<string>();

  /** It was handled. */
  acknowledge(delivery: Delivery): void {
    if (this.isOver) return;
    if (delivery.source === LOOSE) this.unsaid.add(delivery.id);
    this.handled.push(delivery);
    this.schedule();
  }

  /** It is begun again: noted before, so that a message which kills its members is found out. */
  mark(delivery: Delivery, attempt: number): Promise<boolean> {
    return this.order('mark', delivery, attempt, '');
  }

  /** It failed and is tried again after so many milliseconds. */
  retry(delivery: Delivery, attempts: number, delay: number): Promise<boolean> {
    return this.order('retry', delivery, attempts, Math.ceil(delay));
  }

  /** It is given up. */
  bury(delivery: Delivery, attempts: number, error: unknown): Promise<boolean> {
    return this.order('dead', delivery, attempts, JSON.stringify(describeHandlerError(error)));
  }

  /** Sends what waits at once, before any call that the caller sends next. */
  flush(): void {
    if (!this.link.isReady) return;
    while (this.handled.length > 0) void this.sendHandled(this.handled.splice(0, MOST));
    while (this.orders.length > 0) void this.sendOrders(this.orders.splice(0, MOST / 5));
  }

  /** Waits until the server knows everything. */
  idle(): Promise<void> {
    if (this.isIdle || this.isOver) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** Forgets what the server was not told: others will get those messages. */
  giveUp(): void {
    this.isOver = true;
    this.handled = [];
    for (const { done } of this.orders.splice(0)) done(false);
    this.unsaid.clear();
    this.tellIdle();
  }

  private order(verdict: Verdict, delivery: Delivery, attempts: number, extra: string | number): Promise<boolean> {
    if (this.isOver) return Promise.resolve(false);
    const isLoose = delivery.source === LOOSE;
    if (isLoose) this.unsaid.add(delivery.id);
    return new Promise((resolve) => {
      const done = (isMember: boolean): void => {
        if (isLoose) this.unsaid.delete(delivery.id);
        resolve(isMember);
      };
      this.orders.push({ args: [verdict, delivery.source, delivery.id, attempts, extra], done });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => this.begin());
  }

  private begin(): void {
    this.isScheduled = false;
    this.flush();
    if (this.handled.length + this.orders.length > 0) this.later();
  }

  private later(): void {
    if (this.isScheduled || this.isOver) return;
    this.isScheduled = true;
    setTimeout(() => this.begin(), PAUSE).unref();
  }

  private async sendHandled(deliveries: Delivery[]): Promise<void> {
    const loose: string[] = [];
    const marks: string[] = [];
    const keyed: string[] = [];
    for (const { source, id, attempts } of deliveries) {
      if (source === LOOSE) loose.push(id);
      else keyed.push(source, id);
      if (attempts > 0) marks.push(`${source}/${id}`);
    }
    const args = [this.subscription, loose.length, ...loose, marks.length, ...marks, ...keyed];
    const sent = await this.send(() => this.link.run(SCRIPTS.acknowledge, args));
    if (sent === undefined && !this.isOver) {
      this.handled = deliveries.concat(this.handled);
      this.later();
    } else for (const id of loose) this.unsaid.delete(id);
    this.tellIdle();
  }

  private async sendOrders(orders: Order[]): Promise<void> {
    const args = [this.subscription, this.member, ...orders.flatMap((order) => order.args)];
    const answer = await this.send(() => this.link.run(SCRIPTS.settle, args));
    if (answer === undefined && !this.isOver) {
      this.orders = orders.concat(this.orders);
      this.later();
    } else for (const { done } of orders) done(answer === 1);
    this.tellIdle();
  }

  /** Undefined when it is not known whether the server got it; all that is sent here may be sent twice. */
  private async send(call: () => Promise<unknown>): Promise<unknown> {
    this.underWay++;
    try {
      return await call();
    } catch {
      return undefined;
    } finally {
      this.underWay--;
    }
  }

  private tellIdle(): void {
    if (this.isIdle || this.isOver) for (const wake of this.whenIdle.splice(0)) wake();
  }
}
