export { describeCacheConformance, type CacheConformanceOptions } from './coordination/describe-cache-conformance.js';
export { describeIdempotencyConformance } from './coordination/describe-idempotency-conformance.js';
export { describeLockConformance } from './coordination/describe-lock-conformance.js';
export {
  describeRateLimitConformance,
  type RateLimitConformanceOptions,
} from './coordination/describe-rate-limit-conformance.js';
export type { CoordinationConformanceOptions } from './coordination/suite.js';
export {
  EventSchemaError,
  expectEventSchemas,
  type EventSchemasOptions,
} from './event-schemas/expect-event-schemas.js';
export { forAggregate, type AggregateScenario } from './event-sourcing/for-aggregate.js';
export { forProjection, type ProjectionOutcome, type ProjectionScenario } from './event-sourcing/for-projection.js';
export { forDecider, type DeciderScenario } from './event-sourcing/for-decider.js';
export {
  ScenarioError,
  ScenarioOutcome,
  type Checked,
  type ExpectedError,
  type ScenarioResult,
} from './event-sourcing/scenario-outcome.js';
export { assertHistory, checkHistory } from './history/check-history.js';
export type { CheckHistoryOptions, HistoryCounts, HistoryReport } from './history/check-history.js';
export type {
  AppendAnswer,
  AppendCall,
  AppendIntent,
  CallEntry,
  HistoryCall,
  HistoryEntry,
  HistoryEvent,
  LogEvent,
  LogReadCall,
  OutcomeEntry,
  ReadAnswer,
  Refusal,
  StreamReadCall,
  SubscriptionEntry,
} from './history/history.js';
export { HistoryClient, identify, readFinalLog } from './history/history-client.js';
export type { HistoryAppend, HistoryAppendOptions } from './history/history-client.js';
export {
  FileHistory,
  historyClock,
  MemoryHistory,
  readHistory,
  SubscriptionRecorder,
  type HistoryRecorder,
} from './history/history-recorder.js';
export { historyWorkload, type HistoryWorkloadOptions } from './history/history-workload.js';
export { HistoryViolationError, type Violation, type ViolationKind } from './history/violation.js';
export { crashAtEveryWrite, type CrashAtEveryWriteOptions, type CrashedRun } from './processes/crash-at-every-write.js';
export { describeStoreConformance } from './store/conformance/index.js';
export type { StoreConformanceOptions, TestGlobals } from './store/conformance/suite.js';
export { FaultyStore, type FaultOptions } from './store/faulty-store.js';
export { describeTransportConformance } from './transport/conformance/index.js';
export type { TransportConformanceOptions } from './transport/conformance/suite.js';
