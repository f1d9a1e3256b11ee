/**
 * Token of the store that replaces the memory store for the whole application. A store package provides it in a
 * **global** module; it does not matter whether that module is imported before or after `CatgaModule`.
 *
 * @example
 * ```ts
 * @Module({})
 * export class CatgaSqliteModule {
 *   static forRoot(options: SqliteOptions): DynamicModule {
 *     return {
 *       module: CatgaSqliteModule,
 *       global: true,
 *       providers: [{ provide: CATGA_STORE, useFactory: () => new SqliteStore(options) }],
 *       exports: [CATGA_STORE],
 *     };
 *   }
 * }
 * ```
 * Catga calls `open()` before anything uses the store and `close()` when everything has stopped: the module does
 * neither. Everybody else injects the class `Store`, never this token.
 */
export const CATGA_STORE = 'CATGA_STORE';

/**
 * Token of the transport that replaces the memory transport for the whole application. A transport package provides it in
 * a **global** module, as a store package does with {@link CATGA_STORE}; its module neither opens nor closes it. Everybody
 * else injects the class `Transport`.
 *
 * @example `{ provide: CATGA_TRANSPORT, useFactory: () => new NatsTransport(options) }`
 */
export const CATGA_TRANSPORT = 'CATGA_TRANSPORT';

/**
 * Token of the `CoordinationPlace` that takes the place of the store's records for locks, cache, rate limits and idempotency
 * of the whole application. A package provides it in a **global** module, as with {@link CATGA_STORE}; its module neither
 * opens nor closes it. Everybody else injects `DistributedLock`, `Cache`, `RateLimiters`, `IdempotencyStore`.
 *
 * @example `{ provide: CATGA_COORDINATION, useFactory: () => new RedisCoordination(options) }`
 */
export const CATGA_COORDINATION = 'CATGA_COORDINATION';

/**
 * Token of the codec of the application: events, inputs and results of processes are written with it. See
 * `CatgaModuleOptions.codec`.
 */
export const CATGA_CODEC = Symbol('CATGA_CODEC');

/** Token of the checked options of the application with every default filled in. */
export const CATGA_OPTIONS = Symbol('CATGA_OPTIONS');
