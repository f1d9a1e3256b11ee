import type { Msg } from '@nats-io/transport-node';
import type { AbortGroup } from '../abort-group.js';
import { publishAgain } from '../again.js';
import { parseDelivery } from '../delivery.js';
import type { DurableSource, DurableSourceOptions } from '../durable-source.js';
import { decodeMessage } from '../envelope.js';
import { ACK, HeldDeliveries, NAK } from '../held-deliveries.js';
import { Pull } from '../pull.js';
import { HeldPack, type PackedMessage, type PackOwner } from './held-pack.js';
import { decodePack, PACK } from './pack-format.js';
import { PackProgress } from './pack-progress.js';

/** Before something is tried again that the broker could not do. Milliseconds. */
const PAUSE = 200;
const LONGEST_TIMER = 2 ** 31 - 1;
const NANOSECONDS = 1_000_000;
/** Packs that are held for longer are written down. Milliseconds. */
const LONG = 500;

/**
 * Packs of messages without a key. The server deals them to members as it does with single messages, and hears of each
 * pack once.
 *
 * A pack is handled as a whole by members that have room for it: those with fast handlers or many at once. Others give its messages
 * back one by one, so that they are shared as if they had never been together. So is what was delivered before:
 * somebody has died with it, and one message among many may be why.
 */
export class PackConsumer implements DurableSource, PackOwner {
  readonly messagesEach = PACK;
  private readonly held: HeldDeliveries<HeldPack>;
  private readonly progress: PackProgress;
  private pulling: Pull | undefined;
  private isLeaving = false;
  /** Messages of held packs that are not settled yet. */
  private messages = 0;
  /** Packs of which it is not known yet what of them was handled elsewhere; they are given back when it is. */
  private readonly asked = new Set<HeldPack>();
  /** Copies on their way to the server. */
  private readonly copying = new Set<Promise<void>>();
  /** Messages that the member had ended when it last took a pack apart. */
  private takenApartAt = -PACK;

  constructor(readonly options: DurableSourceOptions) {
    const { context, settings } = options;
    this.held = new HeldDeliveries(context.link, settings, ({ open }) => (this.messages -= open));
    this.progress = new PackProgress(context, settings.name);
  }

  get signals(): AbortGroup {
    return this.held.signals;
  }

  get inHand(): number {
    return sum(this.held.all().map(({ inHand }) => inHand));
  }

  join(): void {
    const { context, consumer, onGone } = this.options;
    this.isLeaving = false;
    this.pulling = new Pull({
      link: context.link,
      stream: context.names.messages,
      consumer,
      room: () => this.room(),
      onMessage: (message) => this.take(message),
      onGone,
    });
    this.pulling.pull();
  }

  pull(): void {
    this.pulling?.pull();
  }

  beat(): void {
    this.held.beat();
    const now = performance.now();
    for (const pack of this.held.all()) if (now - pack.takenAt > LONG) this.progress.save(pack);
    this.pull();
  }

  async leave(): Promise<void> {
    this.isLeaving = true;
    await this.pulling?.stop();
    for (const pack of this.held.all()) if (!this.asked.has(pack)) this.track(this.giveBack(pack));
    await this.given();
  }

  async given(): Promise<void> {
    await Promise.all(this.copying);
  }

  abort(reason: Error): void {
    this.held.signals.abort(reason);
    this.end();
  }

  end(): void {
    this.held.end();
  }

  keeps(pack: HeldPack): boolean {
    if (!pack.isLost && this.held.isOverdue(pack)) this.held.lose(pack);
    return !pack.isLost;
  }

  settled(message: PackedMessage): void {
    const { pack } = message;
    if (message.state === 'settled' || pack.isLost) return;
    message.state = 'settled';
    pack.open--;
    this.messages--;
    this.endIfDone(pack);
    this.options.onRoom();
  }

  /** A pack has one acknowledgement, so what failed goes on alone: as a copy, which sleeps on the server. */
  tryAgain(message: PackedMessage, delay: number): void {
    const { context, settings } = this.options;
    const { attempt } = message.message;
    // The server puts it to sleep when it was delivered, which counts as an attempt.
    const rest = delay < 1 ? { a: attempt } : { a: attempt - 1, n: delay };
    const copied = publishAgain(context, settings.name, message.message, rest).then(
      () => this.settled(message),
      () => this.tryAgainHere(message, delay),
    );
    this.track(copied);
  }

  /** The stream is full, or the connection away. */
  private tryAgainHere(message: PackedMessage, delay: number): void {
    message.countAttempt();
    setTimeout(() => this.options.runner.add(message), Math.min(Math.max(delay, PAUSE), LONGEST_TIMER)).unref();
  }

  /** Packs that may be held, those that are. */
  private room(): number {
    const { window } = this.options;
    const free = Math.floor((window() - this.messages) / PACK);
    if (free > 0 || this.held.size > 0) return free;
    return this.mayTakeApart() ? 1 : 0;
  }

  /** One for as many messages as were handled meanwhile, or when there is nothing else to do. */
  private mayTakeApart(): boolean {
    const { runner } = this.options;
    return runner.isIdle || runner.ended - this.takenApartAt >= PACK;
  }

  private take({ reply = '', subject, data }: Msg): void {
    const { context, runner, window } = this.options;
    const { names } = context;
    const { sequence, storedAt, count } = parseDelivery(reply);
    const messages = decodePack(data, subject.slice(names.packed('').length), storedAt);
    // Of somebody else: whoever handles it says that it is not known.
    if (messages.length === 0) messages.push(decodeMessage(data, subject, storedAt, `${names.messages}-${sequence}`));
    for (const message of messages) message.attempt += count;
    const pack = new HeldPack(this, reply, sequence, messages);
    this.held.add(pack);
    this.messages += pack.open;
    if (count > 1) this.track(this.inherit(pack));
    else if (this.isLeaving || window() < PACK) this.track(this.giveBack(pack));
    else for (const message of pack.messages) runner.add(message);
  }

  /** Somebody had it before. */
  private async inherit(pack: HeldPack): Promise<void> {
    this.asked.add(pack);
    try {
      const rest = await this.progress.read(pack);
      if (rest !== undefined) {
        for (const [place, message] of pack.messages.entries()) if (!rest.includes(place)) message.state = 'settled';
        this.messages += rest.length - pack.open;
        pack.open = rest.length;
      }
    } catch {
      this.held.reject(pack, `${NAK} {"delay": ${PAUSE * NANOSECONDS}}`);
      this.options.onRoom();
      return;
    } finally {
      this.asked.delete(pack);
    }
    await this.giveBack(pack);
    this.endIfDone(pack);
  }

  /** What has not begun goes to whoever is free. A bare negative acknowledgement would count as an attempt. */
  private async giveBack(pack: HeldPack): Promise<void> {
    const { context, settings, runner } = this.options;
    this.takenApartAt = runner.ended;
    const waiting = pack.messages.filter(({ state }) => state === 'waiting');
    for (const each of waiting) each.state = 'given';
    const copies = waiting.map(async (each) => {
      try {
        await publishAgain(context, settings.name, each.message, { a: each.message.attempt - 1 });
        this.settled(each);
      } catch {
        each.state = 'waiting';
      }
    });
    await Promise.all(copies);
    if (this.isLeaving) return;
    // A full stream takes no copies, and is not emptied by anybody but us.
    for (const each of waiting) if (each.state === 'waiting') runner.add(each);
  }

  private endIfDone(pack: HeldPack): void {
    if (pack.open > 0 || pack.isLost) return;
    this.held.settle(pack, ACK);
    void this.progress.forget(pack);
  }

  private track(work: Promise<void>): void {
    const tracked: Promise<void> = work.then(() => void this.copying.delete(tracked));
    this.copying.add(tracked);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
