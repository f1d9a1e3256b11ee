export { crashAtEveryWrite, type CrashAtEveryWriteOptions, type CrashedRun } from './processes/crash-at-every-write.js';
export { describeStoreConformance } from './store/conformance/index.js';
export type { StoreConformanceOptions, TestGlobals } from './store/conformance/suite.js';
export { FaultyStore, type FaultOptions } from './store/faulty-store.js';
