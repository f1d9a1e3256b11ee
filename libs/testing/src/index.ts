export { forAggregate, type AggregateScenario } from './event-sourcing/for-aggregate.js';
export { forDecider, type DeciderScenario } from './event-sourcing/for-decider.js';
export {
  ScenarioError,
  ScenarioOutcome,
  type Checked,
  type ExpectedError,
  type ScenarioResult,
} from './event-sourcing/scenario-outcome.js';
export { crashAtEveryWrite, type CrashAtEveryWriteOptions, type CrashedRun } from './processes/crash-at-every-write.js';
export { describeStoreConformance } from './store/conformance/index.js';
export type { StoreConformanceOptions, TestGlobals } from './store/conformance/suite.js';
export { FaultyStore, type FaultOptions } from './store/faulty-store.js';
