import { randomUUID } from 'node:crypto';
import { IdempotencyStore, type IdempotencyClaim, type IdempotencyOutcome, type IdempotencyState } from '@catga/core';
import { toPayload, toValue } from '../store/index.js';
import type { Channel } from './channel.js';
import type { ScriptLink } from './script-link.js';
import { CLAIM_INTENT, COMPLETE_INTENT, READ_INTENT, RELEASE_INTENT, RENEW_INTENT } from './scripts/idempotency.lua.js';

/** Milliseconds after the end of a claim at which its key is surely gone. */
const SOON = 5;

/** A claim that only its owner can renew or complete. */
interface RedisClaim extends IdempotencyClaim {
  readonly owner: string;
}

interface Found {
  readonly state: IdempotencyState;
  /** Milliseconds. */
  readonly left: number;
}

/** First answers as keys of Redis, which removes them when they need not be kept any more. */
export class RedisIdempotency extends IdempotencyStore {
  constructor(
    private readonly link: ScriptLink,
    private readonly ended: Channel,
  ) {
    super();
  }

  override async read(id: string): Promise<IdempotencyState | undefined> {
    return (await this.find(id))?.state;
  }

  override async claim(id: string, fingerprint: string | undefined, lease: number): Promise<RedisClaim | undefined> {
    const owner = randomUUID();
    const isMine = await this.link.run(CLAIM_INTENT, [id, owner, Math.ceil(lease), fingerprint ?? '']);
    return isMine === 1 ? { id, owner, ...(fingerprint !== undefined && { fingerprint }) } : undefined;
  }

  override async renew({ id, owner }: RedisClaim, lease: number): Promise<boolean> {
    return (await this.link.run(RENEW_INTENT, [id, owner, Math.ceil(lease)])) === 1;
  }

  override async complete({ id, owner }: RedisClaim, outcome: IdempotencyOutcome, keepFor: number): Promise<boolean> {
    const { status } = outcome;
    const answer = toValue(status === 'done' ? outcome.answer : outcome.reason);
    return (await this.link.run(COMPLETE_INTENT, [id, owner, status, answer, Math.ceil(keepFor)])) === 1;
  }

  override async release({ id, owner }: RedisClaim): Promise<void> {
    await this.link.run(RELEASE_INTENT, [id, owner]);
  }

  override async settled(id: string, limit: number): Promise<void> {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => (wake = resolve));
    // Whoever listens first and looks then misses nothing.
    const stop = this.ended.on(id, wake);
    let timer: NodeJS.Timeout | undefined;
    try {
      const found = await this.find(id);
      if (found?.state.status !== 'running') return;
      timer = setTimeout(wake, Math.min(limit, found.left + SOON));
      await woken;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  private async find(id: string): Promise<Found | undefined> {
    const reply = (await this.link.runBuffer(READ_INTENT, [id])) as [
      Buffer | null,
      Buffer | null,
      Buffer | null,
      number,
    ];
    const [status, fingerprint, answer, left] = reply;
    if (status === null) return undefined;
    const common = fingerprint === null ? {} : { fingerprint: fingerprint.toString() };
    return { state: { ...common, ...outcomeOf(status.toString(), answer) }, left };
  }
}

function outcomeOf(status: string, answer: Buffer | null): IdempotencyState {
  if (status === 'running' || answer === null) return { status: 'running' };
  const payload = toPayload(answer, 0, answer.length) as string | Uint8Array;
  return status === 'done' ? { status, answer: payload } : { status: 'lost', reason: String(payload) };
}
