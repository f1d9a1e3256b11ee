/** A variable of the environment cannot be read; the message names it and what it may be. */
export class ConfigurationError extends Error {}

/**
 * Everything that can be set from outside, read from the environment once. The defaults let a first user succeed.
 * docs/sample.md lists the variables.
 */
export class Configuration {
  /** `HOST`: address to listen on. Default 127.0.0.1, this machine only. */
  readonly host: string;
  /** `PORT`. Default 3000; 0 takes any free one. */
  readonly port: number;
  /** `CATGA_STORE`: where everything is kept: `sqlite` (default), `redis` or `nats`. */
  readonly store: 'sqlite' | 'redis' | 'nats';
  /** `CATGA_TRANSPORT`: what carries messages to other nodes: `memory` (default: to none), `redis` or `nats`. */
  readonly transport: 'memory' | 'redis' | 'nats';
  /** `REDIS_URL`. Default `redis://127.0.0.1:6379`. */
  readonly redisUrl: string;
  /** `NATS_URL`. Default `nats://127.0.0.1:4222`. */
  readonly natsUrl: string;
  /** `CATGA_NAME`: keeps applications on one server apart. Default `sample`. */
  readonly name: string;
  /** `CATGA_LEASE`: how long a node may be silent before others take over what it ran. Default `15s`; here in ms. */
  readonly lease: number;
  /** `CATGA_DATA`: folder of the database file. Default `./.data`. */
  readonly dataFolder: string;
  /** `SAMPLE_DECLINE_RATE`: share of the orders whose card is declined, 0 to 1. Default 0. */
  readonly declineRate: number;
  /** `SAMPLE_GATEWAY_DELAY`: how long a payment, notification or shipment gateway takes, e.g. `200ms`. Default 0; here in ms. */
  readonly gatewayDelay: number;
  /** `SAMPLE_GATEWAY_FAILURE_RATE`: share of gateway calls that fail technically and are retried, 0 to 1. Default 0. */
  readonly gatewayFailureRate: number;

  /** @throws {ConfigurationError} naming the variable that cannot be read */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.host = env['HOST'] || '127.0.0.1';
    this.port = numberFrom(env, 'PORT', 3000, 65_535);
    this.store = oneOf(env, 'CATGA_STORE', ['sqlite', 'redis', 'nats']);
    this.transport = oneOf(env, 'CATGA_TRANSPORT', ['memory', 'redis', 'nats']);
    this.redisUrl = env['REDIS_URL'] || 'redis://127.0.0.1:6379';
    this.natsUrl = env['NATS_URL'] || 'nats://127.0.0.1:4222';
    this.name = env['CATGA_NAME'] || 'sample';
    this.lease = millisecondsFrom(env, 'CATGA_LEASE', 15_000);
    this.dataFolder = env['CATGA_DATA'] || './.data';
    this.declineRate = numberFrom(env, 'SAMPLE_DECLINE_RATE', 0, 1);
    this.gatewayDelay = millisecondsFrom(env, 'SAMPLE_GATEWAY_DELAY', 0);
    this.gatewayFailureRate = numberFrom(env, 'SAMPLE_GATEWAY_FAILURE_RATE', 0, 1);
  }
}

/** The first one is the default. */
function oneOf<T extends string>(env: NodeJS.ProcessEnv, name: string, values: readonly [T, ...T[]]): T {
  const text = env[name];
  if (text === undefined || text === '') return values[0];
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw new ConfigurationError(`${name}: "${text}" is not one of ${values.join(', ')}.`);
}

function numberFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number, most: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (value >= 0 && value <= most) return value;
  throw new ConfigurationError(`${name}: "${text}" is not a number from 0 to ${most}.`);
}

function millisecondsFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const [, digits, unit] = /^(\d+)(ms|s)?$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits) * (unit === 's' ? 1_000 : 1);
  throw new ConfigurationError(`${name}: "${text}" is not a duration such as 200ms or 10s.`);
}
