/**
 * Folders of `libs/core/src` and what each stands on. What those stand on is allowed too; anything else is not, so
 * imports run one way. The picture and its reasons are in docs/architecture.md, "Packages and import order": change
 * both together.
 */
const STANDS_ON = {
  // ground
  foundation: [],
  store: ['foundation'],
  ids: ['store'], // a snowflake worker id is leased from the store's records
  idempotency: ['store'], // a contract that the mediator uses and store packages implement
  // messages -> mediator -> resilience
  messages: ['foundation'],
  mediator: ['messages', 'store', 'ids', 'idempotency'],
  resilience: ['mediator'],
  // store -> event-sourcing -> projections -> streams
  'event-sourcing': ['store', 'messages', 'ids'],
  projections: ['event-sourcing'],
  streams: ['projections'],
  // store + mediator -> processes
  processes: ['store', 'mediator'],
  // transport -> messaging
  transport: ['messages', 'ids'],
  messaging: ['transport', 'resilience', 'event-sourcing'], // messages reach the mediator's handlers; events keep their upcasters
  // store -> coordination: locks, cache, rate limits
  coordination: ['store', 'idempotency'],
};

/** Folders that may use every folder above: they show what goes on and are used by nobody but the module. */
const ON_EVERYTHING = ['monitoring', 'http', 'health', 'microservices'];

/** Folder name -> the folders that it may import, itself left out. */
export const allowedImports = new Map([
  ...Object.keys(STANDS_ON).map((folder) => [folder, below(folder)]),
  ...ON_EVERYTHING.map((folder) => [folder, new Set(Object.keys(STANDS_ON))]),
]);

function below(folder) {
  return new Set(STANDS_ON[folder].flatMap((next) => [next, ...below(next)]));
}
