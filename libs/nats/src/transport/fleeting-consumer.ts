import type { Consumer, ConsumerStatus, IncomingMessage, MessageHandler, SubscriptionSettings } from '@catga/core';
import { Logger } from '@nestjs/common';
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { NatsLink } from '../connection/index.js';
import { AbortGroup } from './abort-group.js';
import { decodeMessage, type DecodedMessage } from './envelope.js';
import type { Names } from './names.js';
import { KeyLanes } from './partitions/key-lanes.js';
import { Runner } from './runner.js';
import type { Task } from './task.js';

/** Messages that wait on a node for a free place; what comes when it is full is lost, as QoS 0 allows. */
const MOST_WAITING = 10_000;

/** One member of a subscription of QoS 0: a queue group of core NATS, nothing kept, nothing tried again. */
export class FleetingConsumer implements Consumer {
  readonly name: string;
  private readonly logger = new Logger('Transport');
  private readonly signals = new AbortGroup();
  private readonly runner: Runner;
  private readonly lanes = new KeyLanes<FleetingMessage>();
  private subscriptions: Subscription[] = [];
  private state: ConsumerStatus['state'] = 'running';
  private waiting = 0;
  private lost = 0;

  constructor(
    private readonly link: NatsLink,
    private readonly names: Names,
    private readonly settings: SubscriptionSettings,
    handler: MessageHandler,
    private readonly onStopped: (consumer: FleetingConsumer) => void,
  ) {
    this.name = settings.name;
    this.runner = new Runner(settings, handler, undefined);
  }

  /** Resolves when messages published from now on reach it. */
  async join(): Promise<void> {
    this.listen();
    await this.link.connection.flush();
  }

  pause(): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    this.runner.hold();
    this.leave();
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    this.listen();
    this.runner.release();
  }

  async status(): Promise<ConsumerStatus> {
    const { running, handled, failed } = this.runner;
    const isAway = this.state === 'running' && !this.link.connected;
    const state = isAway ? 'disconnected' : this.state;
    return { name: this.name, qos: 0, state, running, handled, failed, deadLettered: 0, waiting: undefined };
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
    this.runner.hold();
    this.leave();
    await this.runner.settled();
    this.onStopped(this);
  }

  abort(reason: Error): void {
    this.signals.abort(reason);
    this.onStopped(this);
  }

  private listen(): void {
    const prefix = this.names.fleeting('');
    this.subscriptions = this.settings.subjects.map((subject) =>
      this.link.connection.subscribe(prefix + subject, {
        queue: this.name,
        callback: (error, message) => {
          if (error === null) this.take(message, subject);
        },
      }),
    );
  }

  private leave(): void {
    for (const subscription of this.subscriptions.splice(0)) if (!subscription.isClosed()) subscription.unsubscribe();
  }

  private take(message: Msg, subject: string): void {
    if (this.waiting >= MOST_WAITING) {
      if (this.lost++ === 0) {
        this.logger.warn(
          `Subscription "${this.name}" of QoS 0 is too slow: ${MOST_WAITING} messages wait on this node, and what comes now is lost. Raise its concurrency, add nodes, or use QoS 1.`,
        );
      }
      return;
    }
    this.waiting++;
    const decoded = decodeMessage(message.data, subject, Date.now(), `core-${message.sid}`);
    const task = new FleetingMessage(this.signals, decoded, {
      begun: () => this.waiting--,
      ended: () => {
        const next = task.lane === '' ? undefined : this.lanes.advance(task);
        if (next !== undefined) this.runner.add(next);
      },
    });
    if (task.lane === '' || this.lanes.add(task)) this.runner.add(task);
  }
}

class FleetingMessage implements Task {
  readonly isLost = false;
  readonly lane: string;

  constructor(
    readonly signals: AbortGroup,
    private readonly message: DecodedMessage,
    private readonly on: { begun: () => void; ended: () => void },
  ) {
    this.lane = message.key ?? '';
  }

  begin(): IncomingMessage {
    this.on.begun();
    this.message.attempt = 1;
    return this.message;
  }

  done(): void {
    this.on.ended();
  }

  again(): void {
    this.on.ended();
  }

  buried(): void {
    this.on.ended();
  }
}
