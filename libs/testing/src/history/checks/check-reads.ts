import type { LogEvent } from '../history.js';
import type { Violation, ViolationKind } from '../violation.js';
import { describeEvent, difference, type FinalLog } from './final-log.js';
import type { Read } from './operations.js';
import type { Timeline } from './timeline.js';

/** Every read saw the log as it was at one moment between its call and its answer. */
export function checkReads(reads: readonly Read[], log: FinalLog, timeline: Timeline): Violation[] {
  return reads.flatMap((read) => {
    const found = checkRead(read, log, timeline);
    return found === undefined ? [] : [{ ...found, where: read.operation }];
  });
}

type Found = { readonly kind: ViolationKind; readonly message: string } | undefined;

function checkRead(read: Read, log: FinalLog, timeline: Timeline): Found {
  const { call, answer, start, end, client } = read;
  const seen = answer.events;
  // One more than was seen: what the read should have shown next, had the log been longer.
  const view = viewOf(read, log, seen.length + 1);
  const wrong = difference(seen, view.slice(0, seen.length), log, call.kind === 'read-all' ? call.after : 0);
  if (wrong !== undefined) return wrong;

  const reached = seen.at(-1)?.position ?? 0;
  const ceiling = timeline.ceiling(end);
  if (reached > ceiling)
    return { kind: 'phantom', message: `${describeEvent(seen.at(-1) as LogEvent)} was seen before it was asked for` };
  if (seen.length === call.limit) {
    return answer.position === undefined || answer.position === reached
      ? undefined
      : { kind: 'answer', message: `position ${answer.position} was answered for a full page up to ${reached}` };
  }
  const next = view[seen.length];
  const floor = timeline.floor(start, client);
  if (next !== undefined && next.position <= floor)
    return { kind: 'stale', message: `${describeEvent(next)} was known before, and was not seen` };
  const earliest = Math.max(reached, floor);
  const latest = Math.min((next?.position ?? Number.POSITIVE_INFINITY) - 1, ceiling);
  if (!timeline.hasBoundary(earliest, latest))
    return { kind: 'torn', message: `no commit ends between position ${earliest} and ${latest}, where the view does` };
  return checkPosition(answer.position, earliest, latest);
}

/** Where the store says that it has looked. */
function checkPosition(position: number | undefined, earliest: number, latest: number): Found {
  if (position === undefined || (position >= earliest && position <= latest)) return undefined;
  return {
    kind: position < earliest ? 'stale' : 'lost',
    message: `position ${position} was answered for a view that ended between ${earliest} and ${latest}`,
  };
}

function viewOf({ call }: Read, log: FinalLog, limit: number): readonly LogEvent[] {
  if (call.kind === 'read-all') return log.between(call.after, log.head, call.query, limit);
  return log.stream(call.stream).slice(call.from - 1, call.from - 1 + limit);
}
