import type { IncomingMessage } from '@catga/core';
import type { AbortGroup } from '../abort-group.js';
import type { DecodedMessage } from '../envelope.js';
import type { HeldDelivery } from '../held-deliveries.js';
import type { Task } from '../task.js';

/** What the messages of a pack tell their consumer. */
export interface PackOwner {
  readonly signals: AbortGroup;
  /** Whether it is still held here. */
  keeps(pack: HeldPack): boolean;
  settled(message: PackedMessage): void;
  tryAgain(message: PackedMessage, delay: number): void;
}

/** A pack of messages on a member: one delivery for the server, acknowledged when all of them are settled. */
export class HeldPack implements HeldDelivery {
  readonly takenAt = performance.now();
  touchedAt = this.takenAt;
  isLost = false;
  readonly messages: readonly PackedMessage[];
  /** Messages that are not settled yet. */
  open: number;

  constructor(
    owner: PackOwner,
    readonly reply: string,
    /** Number of the pack in the stream. */
    readonly sequence: number,
    messages: readonly DecodedMessage[],
  ) {
    this.messages = messages.map((message) => new PackedMessage(owner, this, message));
    this.open = messages.length;
  }

  /** Messages whose handlers run, and those that are settled. */
  get inHand(): number {
    return this.messages.filter(({ state }) => state !== 'waiting').length;
  }

  /** Places in the pack of what is not settled. */
  get rest(): number[] {
    return this.messages.flatMap(({ state }, place) => (state === 'settled' ? [] : [place]));
  }
}

/** One message of a pack. */
export class PackedMessage implements Task {
  /** `given`: a copy for others is on its way; `settled`: handled, or stored as a copy. */
  state: 'waiting' | 'begun' | 'given' | 'settled' = 'waiting';

  constructor(
    private readonly owner: PackOwner,
    readonly pack: HeldPack,
    public message: DecodedMessage,
  ) {}

  get signals(): AbortGroup {
    return this.owner.signals;
  }

  get isLost(): boolean {
    return this.pack.isLost;
  }

  /** It failed, and is to be tried once more without leaving its pack. */
  countAttempt(): void {
    this.message = { ...this.message, attempt: this.message.attempt + 1 };
    this.state = 'waiting';
  }

  begin(): IncomingMessage | undefined {
    if (this.state !== 'waiting' || !this.owner.keeps(this.pack)) return undefined;
    this.state = 'begun';
    return this.message;
  }

  done(): void {
    this.owner.settled(this);
  }

  again(delay: number): void {
    this.owner.tryAgain(this, delay);
  }

  buried(): void {
    this.owner.settled(this);
  }
}
