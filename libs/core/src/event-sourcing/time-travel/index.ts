export { copyState } from './state-copy.js';
export { diffStates, type StateChange } from './state-diff.js';
export { TimeTravel, type AuditEntry, type AuditOptions, type Moment, type StateAt } from './time-travel.js';
export { VersionNotReachedError } from './time-travel.errors.js';
