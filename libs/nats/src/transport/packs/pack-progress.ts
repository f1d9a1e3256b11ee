import type { TransportContext } from '../context.js';
import type { HeldPack } from './held-pack.js';

/** What of a pack is still to be handled, by place. */
interface PackRest {
  readonly rest: readonly number[];
}

interface Saved {
  readonly open: number;
  readonly revision: number;
}

/**
 * Writes down which messages of a pack are settled when it is held for long, so that one slow handler does not make the
 * others run again when its node dies. Packs that are done within one beat, which is nearly all, are never written down.
 */
export class PackProgress {
  private readonly saved = new Map<HeldPack, Saved>();
  private readonly saving = new Map<HeldPack, Promise<void>>();

  constructor(
    private readonly context: TransportContext,
    private readonly subscription: string,
  ) {}

  /** What the member before wrote down; undefined: nothing. */
  async read(pack: HeldPack): Promise<readonly number[] | undefined> {
    const found = await this.context.records.get<PackRest>(this.subject(pack));
    if (found === undefined) return undefined;
    const { revision, value } = found;
    this.saved.set(pack, { open: value.rest.length, revision });
    return value.rest;
  }

  /** Does nothing while the last time is under way, or when nothing has changed since. */
  save(pack: HeldPack): void {
    const { open } = pack;
    if (this.saving.has(pack) || open === (this.saved.get(pack)?.open ?? pack.messages.length)) return;
    const saving = this.write(pack, open)
      // Away: the next beat tries it again.
      .catch(() => undefined)
      .finally(() => this.saving.delete(pack));
    this.saving.set(pack, saving);
  }

  /** The pack is settled as a whole. */
  async forget(pack: HeldPack): Promise<void> {
    await this.saving.get(pack);
    // What is left behind when this fails is a few bytes that nobody asks for.
    if (this.saved.delete(pack)) await this.context.records.remove(this.subject(pack)).catch(() => undefined);
  }

  private async write(pack: HeldPack, open: number): Promise<void> {
    const { records } = this.context;
    const subject = this.subject(pack);
    const known = this.saved.get(pack)?.revision ?? (await records.get(subject))?.revision ?? 0;
    const revision = await records.put(subject, { rest: pack.rest }, known);
    if (revision === undefined) this.saved.delete(pack);
    else this.saved.set(pack, { open, revision });
  }

  private subject({ sequence }: HeldPack): string {
    return this.context.names.packState(this.subscription, sequence);
  }
}
