import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConnection } from '../connection/index.js';
import type { Link } from './link.js';
import { SCRIPTS } from './scripts/index.js';
import type { ServerClock } from './server-clock.js';

/** How often a node says that it lives; the scripts prefer those that did within 10 s. */
const HEARTBEAT = 3_000;
/** The longest pause between two attempts to deliver something. */
const LONGEST_PAUSE = 500;

/**
 * What a text in an inbox is: `w`ake up and fetch, `t`end now, a `m`essage of QoS 0, a `r`equest, an `a`nswer, a
 * `c`ancelled request, `p`roof that the inbox works.
 */
export type InboxKind = 'w' | 't' | 'm' | 'r' | 'a' | 'c' | 'p';

/** Takes what comes to one address. */
export type InboxListener = (kind: InboxKind, content: Buffer) => void;

interface Announcement {
  readonly list: string;
  readonly name: string;
  /** Milliseconds added to the time: less than nothing for who wants to be asked last. */
  delay: number;
}

/**
 * The one channel of a node, on a connection of its own: whatever others have to tell it comes here, by address. It also
 * announces to others what this node offers, and again after each loss of the connection.
 */
export class Inbox {
  /** This node; begins the addresses of its parts. */
  readonly node = randomBytes(9).toString('base64url');
  private readonly listeners = new Map<string, InboxListener>();
  private readonly announcements = new Map<string, Announcement>();
  private parts = 0;
  private heartbeat: NodeJS.Timeout | undefined;
  private heardAt = 0;
  private isListening = false;
  private isClosed = false;
  private whenListening: (() => void)[] = [];

  constructor(
    private readonly link: Link,
    private readonly connection: RedisConnection,
    private readonly clock: ServerClock,
    private readonly silence: number,
    private readonly isCluster: boolean,
  ) {}

  /** Begins to listen; the connection is ready. */
  async open(): Promise<void> {
    const channel = this.link.key(`n:${this.node}`);
    this.connection.onStatus((status) => {
      if (status !== 'ready') this.isListening = false;
    });
    // Announced once the server takes the channel again, so that nobody finds an announced node without an inbox.
    const began = (): void => {
      this.isListening = true;
      for (const wake of this.whenListening.splice(0)) wake();
    };
    await this.connection.subscribe(
      channel,
      (text) => this.take(text),
      () => {
        began();
        this.announceAll().catch(ignore);
      },
    );
    began();
    // What links back to the server later than its inbox has not been able to say so until now.
    this.link.onStatus((status) => {
      if (status === 'ready' && this.isListening) this.announceAll().catch(ignore);
    });
    this.heardAt = performance.now();
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT).unref();
    await this.announceAll();
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.heartbeat);
  }

  /**
   * Waits until this node hears what is sent to it: after a loss its inbox may be back later than the connection on
   * which it asks, and a reply would find nobody.
   *
   * @throws {RedisUnavailableError} not within so many milliseconds
   */
  async listening(within: number): Promise<void> {
    if (this.isListening) return;
    let timer: NodeJS.Timeout | undefined;
    const isHere = new Promise<void>((resolve) => this.whenListening.push(resolve));
    const isLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.connection.problem()), within);
    });
    await Promise.race([isHere, isLate]).finally(() => clearTimeout(timer));
  }

  /** A new address of this node. */
  address(): string {
    return `${this.node}.${++this.parts}`;
  }

  listen(address: string, listener: InboxListener): void {
    this.listeners.set(address, listener);
  }

  forget(address: string): void {
    this.listeners.delete(address);
  }

  /** Sends a text to an address of any node. Nobody hears of it when it is lost. */
  send(address: string, kind: InboxKind, content: Buffer): void {
    this.post(address, kind, content).catch(ignore);
  }

  /**
   * Sends a text again and again until that node has got it: it, this one, or the server may just be away. The server of
   * a cluster does not say who has got it, so there it only has to take it.
   *
   * @param deadline by the server's clock; nobody waits for it then
   */
  async deliver(address: string, kind: InboxKind, content: Buffer, deadline: number): Promise<void> {
    for (let pause = 10; !this.isClosed; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        if (Number(await this.post(address, kind, content)) > 0 || this.isCluster) return;
      } catch {
        // Twice does no harm: nobody listens at an address that has got its reply.
      }
      if (this.clock.now() + pause > deadline) return;
      await sleep(pause, undefined, { ref: false });
    }
  }

  /** How many have got it. */
  private post(address: string, kind: InboxKind, content: Buffer): Promise<unknown> {
    const node = address.slice(0, address.indexOf('.'));
    const text = Buffer.concat([Buffer.from(`${kind}${address}\n`), content]);
    return this.link.call('PUBLISH', [this.link.key(`n:${node}`), text]);
  }

  /**
   * Says in a list that `name` can be reached here, until {@link withdraw}.
   *
   * @param who tells apart several parts of this node that say the same
   */
  async announce(list: string, name: string, who = name, delay = 0): Promise<void> {
    this.announcements.set(`${list} ${who}`, { list, name, delay });
    await this.link.run(SCRIPTS.announce, [list, name, delay]);
  }

  /** Says it no more; others may. */
  keepSilent(list: string, who: string): void {
    this.announcements.delete(`${list} ${who}`);
  }

  async withdraw(list: string, name: string): Promise<void> {
    this.announcements.delete(`${list} ${name}`);
    await this.link.call('ZREM', [this.link.key(list), name]);
  }

  private async announceAll(): Promise<void> {
    const sentAt = Date.now();
    const args = [...this.announcements.values()].flatMap(({ list, name, delay }) => [list, name, delay]);
    this.clock.learn(Number(await this.link.run(SCRIPTS.announce, args)), sentAt);
  }

  /** A connection may be dead without saying so: who does not hear himself for long connects anew. */
  private beat(): void {
    if (this.connection.status === 'ready' && performance.now() - this.heardAt > HEARTBEAT + this.silence) {
      this.heardAt = performance.now();
      this.connection.reset();
    }
    if (!this.link.isReady) return;
    this.send(`${this.node}.0`, 'p', Buffer.alloc(0));
    this.announceAll().catch(ignore);
  }

  private take(text: Buffer): void {
    this.heardAt = performance.now();
    const end = text.indexOf(10);
    const address = text.toString('latin1', 1, end === -1 ? text.length : end);
    const content = end === -1 ? Buffer.alloc(0) : text.subarray(end + 1);
    this.listeners.get(address)?.(String.fromCharCode(text[0] as number) as InboxKind, content);
  }
}

/** The next heartbeat or the next request finds out. */
function ignore(): void {}
