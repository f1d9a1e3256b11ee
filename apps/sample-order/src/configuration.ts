/**
 * Everything that can be set from outside, read from the environment once. The defaults let a first user succeed.
 * docs/sample.md lists the variables.
 */
export class Configuration {
  /** `HOST`: address to listen on. Default 127.0.0.1, this machine only. */
  readonly host: string;
  /** `PORT`. Default 3000; 0 takes any free one. */
  readonly port: number;
  /** `CATGA_DATA`: folder of the database file. Default `./.data`. */
  readonly dataFolder: string;
  /** `SAMPLE_DECLINE_RATE`: share of the orders whose card is declined, 0 to 1. Default 0. */
  readonly declineRate: number;
  /** `SAMPLE_GATEWAY_DELAY`: how long a payment, notification or shipment gateway takes, e.g. `200ms`. Default 0; here in ms. */
  readonly gatewayDelay: number;
  /** `SAMPLE_GATEWAY_FAILURE_RATE`: share of gateway calls that fail technically and are retried, 0 to 1. Default 0. */
  readonly gatewayFailureRate: number;

  /** @throws {Error} naming the variable that cannot be read */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.host = env['HOST'] || '127.0.0.1';
    this.port = numberFrom(env, 'PORT', 3000, 65_535);
    this.dataFolder = env['CATGA_DATA'] || './.data';
    this.declineRate = numberFrom(env, 'SAMPLE_DECLINE_RATE', 0, 1);
    this.gatewayDelay = millisecondsFrom(env, 'SAMPLE_GATEWAY_DELAY', 0);
    this.gatewayFailureRate = numberFrom(env, 'SAMPLE_GATEWAY_FAILURE_RATE', 0, 1);
  }
}

function numberFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number, most: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (value >= 0 && value <= most) return value;
  throw new Error(`${name}: "${text}" is not a number from 0 to ${most}.`);
}

function millisecondsFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const [, digits, unit] = /^(\d+)(ms|s)?$/.exec(text) ?? [];
  if (digits !== undefined) return Number(digits) * (unit === 's' ? 1_000 : 1);
  throw new Error(`${name}: "${text}" is not a duration such as 200ms or 10s.`);
}
