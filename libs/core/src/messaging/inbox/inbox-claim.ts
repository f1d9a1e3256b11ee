import { Logger } from '@nestjs/common';
import type { RecordWrite } from '../../store/index.js';
import { InboxClaimLostError } from '../messaging.errors.js';
import { KEPT, type InboxRecords } from './inbox-records.js';

/** Milliseconds. */
export interface InboxSettings {
  readonly keepFor: number;
  readonly lease: number;
}

/** The right to handle one message in one subscription; renewed until it ends. */
export class InboxClaim {
  private readonly logger = new Logger('Messaging');
  private renewing: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;
  private isTaken = false;
  private isHandedOut = false;

  constructor(
    private readonly records: InboxRecords,
    private readonly settings: InboxSettings,
    readonly subscription: string,
    readonly messageId: string,
    private readonly key: string,
    /** The version of its entry, and when that was asked for, by a clock that goes on while the process is frozen. */
    private written: { readonly version: number; readonly at: number },
  ) {
    const renew = (): void => {
      this.renewing = this.renewing.then(() => this.renew());
    };
    this.timer = setInterval(renew, Math.max(1, settings.lease / 3));
  }

  /**
   * The write that makes the message a handled one. The claim is not renewed any more, so that its version stays: the
   * commit that it goes into has two thirds of a lease of time.
   *
   * @throws {InboxClaimLostError} somebody else has it
   */
  async completion(): Promise<RecordWrite> {
    await this.stopRenewing();
    if (this.isLost) throw new InboxClaimLostError(this.subscription, this.messageId);
    this.isHandedOut = true;
    return this.records.completion(this.key, this.written.version, this.settings.keepFor);
  }

  /** The handler has succeeded. */
  async complete(): Promise<void> {
    await this.stopRenewing();
    const { records, key, settings } = this;
    if (!this.isLost && (await records.complete(key, this.written.version, settings.keepFor)) !== undefined) return;
    // In the commit of the handler it is done already.
    if (this.isHandedOut && (await records.read(key)).status === 'done') return;
    this.logger.warn(
      `Message ${this.messageId} was handled in subscription "${this.subscription}", but its inbox entry was lost meanwhile: another member may have handled it too. Give messaging.inbox.lease more time, or put the entry into the commit of the handler.`,
    );
  }

  /** The handler has failed: the message may be tried again, unless its commit has happened. */
  async release(): Promise<void> {
    await this.stopRenewing();
    if (this.isLost) return;
    try {
      await this.records.release(this.key, this.written.version);
    } catch (error) {
      // The failure of the handler matters more; the claim ends by itself.
      this.logger.warn(`The inbox entry of message ${this.messageId} stays until its lease is over: ${String(error)}`);
    }
  }

  /** Somebody else has it, or may have: after so long the entry may be gone and made anew. */
  private get isLost(): boolean {
    return this.isTaken || performance.now() - this.written.at > KEPT;
  }

  private async renew(): Promise<void> {
    if (this.isLost) return;
    const at = performance.now();
    try {
      const version = await this.records.renew(this.key, this.written.version, this.settings.lease);
      if (version === undefined) this.isTaken = true;
      else this.written = { version, at };
    } catch (error) {
      this.logger.warn(`The inbox entry of message ${this.messageId} was not renewed: ${String(error)}`);
    }
  }

  private async stopRenewing(): Promise<void> {
    clearInterval(this.timer);
    await this.renewing;
  }
}
