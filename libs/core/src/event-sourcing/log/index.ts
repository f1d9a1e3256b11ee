export type { CommitParticipant } from './commit-participant.js';
export { EventLog } from './event-log.js';
export type {
  AppendOptions,
  AppendResult,
  EventNotes,
  EventSelection,
  LogAppend,
  LogCommit,
  LogCommitResult,
  ReadEventsOptions,
  ReadLogOptions,
  RecordedPage,
  ReplayOptions,
  StreamChangeOptions,
  StreamHistory,
} from './event-log.types.js';
export { LogBehindError, ReservedStreamError, SubscriptionEndedError, SubscriptionTimeoutError } from './log.errors.js';
export type { SubscribeOptions, Subscription, SubscriptionHandler } from './subscription.types.js';
