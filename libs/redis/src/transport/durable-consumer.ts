import {
  TransportUnavailableError,
  type Consumer,
  type ConsumerStatus,
  type MessageHandler,
  type SubscriptionSettings,
} from '@catga/core';
import { HandlerRuns } from './handler-runs.js';
import type { Inbox } from './inbox.js';
import type { Link } from './link.js';
import { LOOSE, type Source } from './delivery.js';
import { Membership } from './membership.js';
import { MessageReader } from './message-reader.js';
import { SCRIPTS } from './scripts/index.js';

/** The longest pause between two reports, and between two looks of a member whose wake-up may have been lost. */
const LONGEST_PAUSE = 5_000;
const LOOK = 1_000;
/** How long a member that stops waits for a server that is away. */
const LAST_WORDS = 3_000;

/** One node's part in a durable subscription. */
export class DurableConsumer implements Consumer {
  readonly name: string;
  private state: 'running' | 'paused' | 'stopped' = 'running';
  private membership!: Membership;
  private readonly runs: HandlerRuns;
  private readonly reader: MessageReader;
  private tending: Promise<void> | undefined;
  private tendAgain = false;
  private readonly interval: number;
  private readonly timers: NodeJS.Timeout[] = [];
  private due: NodeJS.Timeout | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private isReleasing = false;
  private stopping: Promise<void> | undefined;
  private readonly stopListening: () => void;

  /** @param left called once, when it takes part no more */
  constructor(
    private readonly link: Link,
    private readonly inbox: Inbox,
    private readonly settings: SubscriptionSettings,
    handler: MessageHandler,
    private readonly left: (consumer: DurableConsumer) => void,
  ) {
    this.name = settings.name;
    this.runs = new HandlerRuns(settings, handler, {
      freed: () => this.proceed(),
      waits: (milliseconds) => this.tendIn(milliseconds),
    });
    this.reader = new MessageReader(link, settings, this.runs, {
      expired: () => this.tend(),
      fetched: () => this.proceed(),
    });
    this.interval = Math.min(settings.ackTimeout / 3, LONGEST_PAUSE);
    this.stopListening = link.onStatus((status) => {
      if (status !== 'ready') return;
      this.reader.reconnected();
      this.tend();
    });
  }

  /** Joins; resolves when it gets messages. */
  async start(): Promise<void> {
    this.begin();
    await this.report();
    this.timers.push(setInterval(() => this.tend(), this.interval).unref());
    this.timers.push(setInterval(() => this.reader.look(), LOOK).unref());
    this.proceed();
  }

  pause(): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    this.handBack();
    this.tend();
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    this.tend();
    this.reader.look();
  }

  async status(): Promise<ConsumerStatus> {
    const { name, settings, runs } = this;
    const isAway = this.state !== 'stopped' && !this.link.isReady;
    const waiting = this.state === 'stopped' || isAway ? undefined : await this.waiting();
    const state = isAway ? 'disconnected' : this.state;
    return { name, qos: settings.qos, state, running: runs.running, ...runs.counts, waiting };
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  /** {@link stop} that waits `limit` milliseconds at most, then aborts its handlers and leaves their messages to others. */
  async close(limit: number, reason: Error): Promise<void> {
    const timer = setTimeout(() => this.runs.abandon(this.membership, reason), limit);
    await this.stop();
    clearTimeout(timer);
  }

  private async end(): Promise<void> {
    this.state = 'stopped';
    this.handBack();
    this.tend();
    await this.runs.idle();
    const { settlements, id } = this.membership;
    await Promise.race([this.leave(), new Promise<void>((resolve) => setTimeout(resolve, LAST_WORDS).unref())]);
    settlements.giveUp();
    this.inbox.forget(id);
    this.dispose();
  }

  private async leave(): Promise<void> {
    await this.tending;
    await this.reader.idle();
    const { membership } = this;
    await membership.settlements.idle();
    await membership.giveBack('leave', []).catch(() => undefined);
  }

  private dispose(): void {
    for (const timer of this.timers) clearInterval(timer);
    clearTimeout(this.due);
    this.runs.lanes.end();
    this.stopListening();
    this.left(this);
  }

  /** A new life as a member. */
  private begin(): void {
    const id = this.inbox.address();
    this.membership = new Membership(this.link, this.name, id, this.settings.ackTimeout);
    this.reader.membership = this.membership;
    this.inbox.listen(id, (kind) => {
      if (kind === 'w') this.reader.look();
      else if (kind === 't') this.tend();
    });
  }

  /** Reports soon; never twice at once. */
  private tend(): void {
    if (this.tending !== undefined) {
      this.tendAgain = true;
      return;
    }
    if (!this.link.isReady) return;
    this.tending = this.report()
      .catch(() => undefined)
      .then(() => {
        this.tending = undefined;
        if (!this.tendAgain) return;
        this.tendAgain = false;
        this.tend();
      });
  }

  private async report(): Promise<void> {
    const { membership } = this;
    const answer = await membership.tend(this.state !== 'running');
    if (answer.status === 'removed') return this.removed();
    if (answer.status === 'expired') return this.expired();
    for (const source of answer.lost) this.runs.lanes.drop(source);
    this.dueAt = Number.POSITIVE_INFINITY;
    if (answer.due !== undefined) this.tendIn(answer.due);
    this.proceed();
  }

  /** Reports when the back-off of a message is over, because reporting moves it. */
  private tendIn(milliseconds: number): void {
    const at = performance.now() + milliseconds + 1;
    if (at >= this.dueAt) return;
    this.dueAt = at;
    clearTimeout(this.due);
    this.due = setTimeout(() => this.tend(), milliseconds + 1).unref();
  }

  /** Others have got this member's messages: it drops them and begins anew. */
  private expired(): void {
    const old = this.membership;
    this.inbox.forget(old.id);
    this.runs.lanes.drop();
    old.abort.abort(
      new TransportUnavailableError(
        'connection',
        `This member of subscription "${this.name}" was silent for longer than its ackTimeout (${this.settings.ackTimeout} ms), so its messages were given to other members. It goes on with new ones.`,
      ),
    );
    this.begin();
    this.reader.reset();
    if (this.state !== 'stopped') this.tendAgain = true;
  }

  private removed(): void {
    this.state = 'stopped';
    this.runs.lanes.drop();
    this.membership.settlements.giveUp();
    this.inbox.forget(this.membership.id);
    this.dispose();
  }

  /** Begins what can be begun, fetches when there is room, gives away what others shall have. */
  private proceed(): void {
    const { membership } = this;
    if (this.state === 'running' && membership.isSafe) {
      this.runs.beginAll(membership);
      this.reader.fetchSome();
    } else if (this.state !== 'running' && this.runs.lanes.ahead > 0) this.handBack();
    if (membership.hasLeaving) void this.giveAway();
  }

  /** What is fetched and not begun goes to the other members. */
  private handBack(): void {
    const { membership, runs } = this;
    const dropped = runs.lanes.drop();
    const ids = dropped.filter(({ source }) => source === LOOSE).map(({ id }) => id);
    // If this fails, what it was about is found by the next look at what this member holds.
    this.reader.mustRecover();
    for (const partition of membership.partitions.values()) partition.cursor = '';
    if (ids.length > 0) membership.giveBack('stay', ids).catch(() => undefined);
  }

  private async giveAway(): Promise<void> {
    const { membership, runs } = this;
    const leaving = (): Source[] =>
      [...membership.partitions]
        .filter(([source, { isLeaving }]) => isLeaving && !runs.hasRunning(source))
        .map(([source]) => source);
    if (this.isReleasing || leaving().length === 0) return;
    this.isReleasing = true;
    try {
      await membership.settlements.idle();
      await membership.release(leaving());
    } catch {
      // The next report says again what is to be given away.
    } finally {
      this.isReleasing = false;
    }
    if (leaving().length > 0) void this.giveAway();
  }

  private async waiting(): Promise<number | undefined> {
    try {
      const all = Number(await this.link.run(SCRIPTS.waiting, [this.name]));
      return Math.max(0, all - this.runs.lanes.keyed);
    } catch {
      return undefined;
    }
  }
}
