import { versionHolds, type ExpectedVersion } from '@catga/core';
import type { LogEvent } from '../history.js';
import type { Violation, ViolationKind } from '../violation.js';
import { describeEvent, type FinalLog } from './final-log.js';
import type { Commit } from './operations.js';
import type { Timeline } from './timeline.js';

/** Every commit did what its caller was told, whole, in order, under its conditions. */
export function checkCommits(commits: readonly Commit[], log: FinalLog, timeline: Timeline): Violation[] {
  return commits.flatMap((commit) => [
    ...checkPresence(commit, log),
    ...checkAnswers(commit),
    ...checkConditions(commit, log, timeline),
    ...checkRealTimeOrder(commit, timeline),
    ...commit.refusals.flatMap((refused) => checkRefusal(commit, refused, log, timeline)),
  ]);
}

/** Acknowledged: all of it is there. Refused: nothing. Neither: all or nothing. And always in one piece, as asked. */
function checkPresence(commit: Commit, log: FinalLog): Violation[] {
  const { ids, kept, answers, unknown } = commit;
  if (kept.length < ids.length && answers.length > 0) {
    const missing = ids.filter((id) => !log.byId.has(id));
    return [violation(commit, 'lost', `it was acknowledged, and ${missing.join(', ')} is not in the log`)];
  }
  if (kept.length === 0) return [];
  if (answers.length === 0 && unknown === 0)
    return [violation(commit, 'phantom', `it was refused, and ${describeEvent(kept[0] as LogEvent)} is in the log`)];
  if (kept.length < ids.length)
    return [violation(commit, 'torn', `${kept.length} of its ${ids.length} events are in the log`)];
  return checkWhole(commit, kept);
}

function checkWhole(commit: Commit, kept: readonly LogEvent[]): Violation[] {
  const streams = commit.call.appends.flatMap(({ stream, events }) => events.map(() => stream));
  const first = (kept[0] as LogEvent).position;
  for (const [index, event] of kept.entries()) {
    if (event.stream !== streams[index])
      return [violation(commit, 'phantom', `${describeEvent(event)} was asked for in stream ${streams[index]}`)];
    if (event.position === first + index) continue;
    const kind = event.position < (kept[index - 1]?.position ?? 0) ? 'reordered' : 'torn';
    return [violation(commit, kind, `${describeEvent(event)} does not follow the one before it in the commit`)];
  }
  return [];
}

/** The versions and the position that were answered are those in the log; each repetition got the same answer. */
function checkAnswers(commit: Commit): Violation[] {
  const { kept, ids, call } = commit;
  if (kept.length < ids.length || kept.length === 0) return [];
  const violations: Violation[] = [];
  for (const { position, versions } of commit.answers) {
    if (position !== kept.at(-1)?.position)
      violations.push(violation(commit, 'answer', `position ${position} was answered for ${last(kept)}`));
    for (const [index, { events }] of call.appends.entries()) {
      const end = kept.find(({ id }) => id === events.at(-1));
      if (end !== undefined && versions[index] !== end.version)
        violations.push(violation(commit, 'answer', `version ${versions[index]} was answered for ${last([end])}`));
    }
  }
  return violations;
}

/** What the caller expected was so at the place where its events are. */
function checkConditions(commit: Commit, log: FinalLog, timeline: Timeline): Violation[] {
  const { kept, call, answers } = commit;
  if (kept.length === 0) return answers.length === 0 ? [] : checkEmptyCommit(commit, log, timeline);
  const before = Math.min(...kept.map(({ position }) => position)) - 1;
  const violations: Violation[] = [];
  const own = new Map<string, number>();
  for (const { stream, expectedVersion, events } of call.appends) {
    const version = log.versionAt(stream, before) + (own.get(stream) ?? 0);
    own.set(stream, (own.get(stream) ?? 0) + events.length);
    if (!versionHolds(expectedVersion, version))
      violations.push(violation(commit, 'condition', expectedInVain(stream, expectedVersion, version)));
  }
  for (const { query, after } of call.conditions ?? []) {
    const [against] = log.between(after, before, query, 1);
    if (against !== undefined)
      violations.push(violation(commit, 'condition', `${describeEvent(against)} should have kept it from happening`));
  }
  return violations;
}

/** A commit without events leaves no trace; its expectations must have held at some time while it was under way. */
function checkEmptyCommit(commit: Commit, log: FinalLog, timeline: Timeline): Violation[] {
  const { call, start, end, client } = commit;
  return call.appends
    .filter(({ events }) => events.length === 0)
    .filter(({ stream, expectedVersion }) => {
      const versions = versionsDuring(stream, [start, end], client, log, timeline);
      return !versions.some((version) => versionHolds(expectedVersion, version));
    })
    .map(({ stream, expectedVersion }) =>
      violation(commit, 'condition', `it was acknowledged, and ${stream} was never at ${expectedVersion} meanwhile`),
    );
}

/** Whoever began after something was known comes behind it. */
function checkRealTimeOrder(commit: Commit, timeline: Timeline): Violation[] {
  const [first] = commit.kept;
  const floor = timeline.floor(commit.start, commit.client);
  if (first === undefined || first.position > floor) return [];
  return [violation(commit, 'reordered', `${describeEvent(first)} was asked for when position ${floor} was known`)];
}

/** A version conflict names a version that the stream had meanwhile, and that was not the one expected. */
function checkRefusal(
  commit: Commit,
  { refusal, start, end }: Commit['refusals'][number],
  log: FinalLog,
  timeline: Timeline,
): Violation[] {
  const { appends, conditions = [] } = commit.call;
  if (refusal.code === 'CATGA_APPEND_CONDITION') {
    const until = timeline.ceiling(end);
    const justified = conditions.some(({ query, after }) => log.between(after, until, query, 1).length > 0);
    return justified ? [] : [violation(commit, 'condition', 'it was refused, and no event stood against it')];
  }
  if (refusal.code !== 'CATGA_VERSION_CONFLICT' || refusal.conflict === undefined) return [];
  const { stream, actual } = refusal.conflict;
  const own = appends.filter((append) => append.stream === stream);
  // With several appends to one stream in a commit, the store may speak of a version in the middle of it.
  if (own.length !== 1) return [];
  const expected = (own[0] as (typeof own)[number]).expectedVersion;
  if (versionHolds(expected, actual))
    return [violation(commit, 'condition', `it was refused at version ${actual} of ${stream}, which it expected`)];
  const versions = versionsDuring(stream, [start, end], commit.client, log, timeline);
  if (versions.includes(actual)) return [];
  return [
    violation(
      commit,
      'condition',
      `it was refused at version ${actual} of ${stream}, which then had ${versions.join(' or ')}`,
    ),
  ];
}

function versionsDuring(
  stream: string,
  [start, end]: readonly [number, number],
  client: string,
  log: FinalLog,
  timeline: Timeline,
): number[] {
  const least = log.versionAt(stream, timeline.floor(start, client));
  const most = log.versionAt(stream, timeline.ceiling(end));
  return Array.from({ length: Math.max(0, most - least) + 1 }, (_, index) => least + index);
}

function expectedInVain(stream: string, expected: ExpectedVersion, version: number): string {
  return `it expected ${stream} at ${expected}, and came behind version ${version}`;
}

function last(events: readonly LogEvent[]): string {
  return describeEvent(events.at(-1) as LogEvent);
}

function violation({ operation }: Commit, kind: ViolationKind, message: string): Violation {
  return { kind, where: operation, message };
}
