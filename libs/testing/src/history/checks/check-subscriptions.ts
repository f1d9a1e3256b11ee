import type { HistoryEntry, SubscriptionEntry } from '../history.js';
import type { Violation, ViolationKind } from '../violation.js';
import { difference, type FinalLog } from './final-log.js';
import type { Timeline } from './timeline.js';

/**
 * Every subscription saw each event once and in order. After a restart it may see again what lies behind its last
 * checkpoint, and nothing else.
 *
 * @param complete names of those that must have seen the whole log in the end
 */
export function checkSubscriptions(
  history: readonly HistoryEntry[],
  complete: readonly string[],
  log: FinalLog,
  timeline: Timeline,
): Violation[] {
  const byName = new Map<string, SubscriptionEntry[]>(complete.map((name) => [name, []]));
  for (const entry of history) {
    if (entry.entry !== 'subscription') continue;
    const entries = byName.get(entry.subscription);
    if (entries === undefined) byName.set(entry.subscription, [entry]);
    else entries.push(entry);
  }
  return [...byName].flatMap(([name, entries]) => {
    const check = new SubscriptionCheck(name, log, timeline);
    for (const entry of entries) check.see(entry);
    if (complete.includes(name)) check.assertComplete();
    return check.violations;
  });
}

class SubscriptionCheck {
  readonly violations: Violation[] = [];
  /** Where this run of it stands; undefined before its first start. */
  private cursor: number | undefined;
  /** Its last checkpoint that is surely safe. */
  private safe = 0;
  /** The furthest that any run of it has come. */
  private furthest = 0;
  private query: (SubscriptionEntry & { did: 'start' })['query'];

  constructor(
    private readonly name: string,
    private readonly log: FinalLog,
    private readonly timeline: Timeline,
  ) {}

  see(entry: SubscriptionEntry): void {
    if (entry.did === 'start') this.start(entry);
    else if (entry.did === 'deliver') this.deliver(entry);
    else this.checkpoint(entry.position);
  }

  assertComplete(): void {
    const [missing] = this.log.between(this.cursor ?? 0, this.log.head, this.query, 1);
    if (missing !== undefined)
      this.say('lost', `it ended at ${this.cursor ?? 'no position'}, before ${missing.position}`);
  }

  private start({ after, query }: SubscriptionEntry & { did: 'start' }): void {
    if (this.cursor === undefined) this.safe = this.furthest = after;
    else if (after < this.safe) this.say('doubled', `it started behind ${after}, its checkpoint was ${this.safe}`);
    else if (after > this.furthest) this.say('lost', `it started behind ${after}, and had come to ${this.furthest}`);
    this.cursor = after;
    this.query = query;
  }

  private deliver({ events, position, at }: SubscriptionEntry & { did: 'deliver' }): void {
    const from = this.cursor ?? 0;
    const due = this.log.between(from, position, this.query);
    const wrong = difference(events, due, this.log, from);
    const last = events.at(-1);
    if (wrong !== undefined) this.say(wrong.kind, wrong.message);
    else if (position < from) this.say('reordered', `it went from position ${from} back to ${position}`);
    else if (last !== undefined && last.position > this.timeline.ceiling(at))
      this.say('phantom', `event ${last.id} was delivered before it was asked for`);
    this.cursor = Math.max(position, from);
    this.furthest = Math.max(this.furthest, this.cursor);
  }

  private checkpoint(position: number): void {
    if (position > (this.cursor ?? 0))
      this.say('lost', `its checkpoint is ${position}, and it was given events up to ${this.cursor ?? 0}`);
    this.safe = Math.max(this.safe, position);
  }

  private say(kind: ViolationKind, message: string): void {
    this.violations.push({ kind, where: this.name, message });
  }
}
