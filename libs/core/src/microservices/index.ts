// Entry point `@catga/core/microservices`: apart from the main one, which must load without @nestjs/microservices.
export { CatgaClient, type CatgaClientOptions } from './catga-client.js';
export { CatgaContext, type CatgaContextArgs } from './catga.context.js';
export { CatgaRecord, CatgaRecordBuilder } from './catga-record.js';
export { CATGA_STRATEGY, CatgaServer, type CatgaServerOptions, type StrategyTraits } from './catga-server.js';
export {
  DuplicateMessagePatternError,
  EventHandlerFailedError,
  NotListeningError,
  ReplyInterruptedError,
  ReplyOverflowError,
  WildcardPatternError,
} from './microservice.errors.js';
export {
  CLIENT_OPTIONS,
  SERVER_OPTIONS,
  splitOptions,
  type ClientOptions,
  type EventPatternOptions,
  type ServerOptions,
} from './microservice.options.js';
export type { CatgaEvents, CatgaStatus } from './transport-use.js';
