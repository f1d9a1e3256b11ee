import type { NatsLink, PublishAcks } from '../../connection/index.js';
import type { Names } from '../names.js';
import { encodeAlone, encodePack, PACK, type PackItem } from './pack-format.js';

interface Waiting {
  readonly item: PackItem;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Publishes messages without a key, together when many are published at once: what the server does for a message
 * (storing, delivering, taking an acknowledgement) costs more than the message, and then it is done once for {@link PACK}.
 *
 * Nobody waits for company: while few messages are on their way each goes at once; when many are, a message waits for
 * others until the end of the current turn of the event loop, and goes alone if they were not enough.
 */
export class PackPublisher {
  private underWay = 0;
  private readonly waiting = new Map<string, Waiting[]>();
  private isDue = false;

  constructor(
    private readonly acks: PublishAcks,
    private readonly names: Names,
    private readonly link: NatsLink,
  ) {}

  /** Resolves when the server has stored it. Errors: those of {@link PublishAcks.publish}. */
  publish(subject: string, item: PackItem): Promise<void> {
    if (this.underWay < PACK) return this.alone(subject, item);
    return new Promise((resolve, reject) => {
      const company = this.waiting.get(subject) ?? [];
      company.push({ item, resolve, reject });
      if (company.length === PACK) {
        this.waiting.delete(subject);
        this.together(subject, company);
        return;
      }
      if (company.length === 1) this.waiting.set(subject, company);
      if (this.isDue) return;
      this.isDue = true;
      setImmediate(this.endTurn);
    });
  }

  private readonly endTurn = (): void => {
    this.isDue = false;
    const left = [...this.waiting];
    this.waiting.clear();
    for (const [subject, few] of left) this.each(subject, few);
  };

  private alone(subject: string, item: PackItem): Promise<void> {
    return this.send(this.names.unkeyed(subject), encodeAlone(item), 1);
  }

  private each(subject: string, few: readonly Waiting[]): void {
    for (const { item, resolve, reject } of few) void this.alone(subject, item).then(resolve, reject);
  }

  private together(subject: string, company: readonly Waiting[]): void {
    const payload = encodePack(company.map(({ item }) => item));
    if (payload.length > this.link.maxPayload) {
      this.each(subject, company);
      return;
    }
    void this.send(this.names.packed(subject), payload, PACK).then(
      () => {
        for (const { resolve } of company) resolve();
      },
      (error: unknown) => {
        for (const { reject } of company) reject(error);
      },
    );
  }

  private send(target: string, payload: Buffer, messages: number): Promise<void> {
    this.underWay += messages;
    return this.acks.publish(target, payload).then(
      () => {
        this.underWay -= messages;
      },
      (error: unknown) => {
        this.underWay -= messages;
        throw error;
      },
    );
  }
}
