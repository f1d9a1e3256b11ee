/** Nothing to test with; tests are never skipped for that. The message names the commands that help. */
export class NoServersError extends Error {
  constructor(kinds, why) {
    super(
      [
        `No ${kinds.map((kind) => PRODUCTS[kind]).join(' and no ')} server to test with${why ? ` (${why})` : ''}.`,
        'Do one of these, then run `npm test` again:',
        `  apt-get install ${kinds.map((kind) => `${kind}-server`).join(' ')}    # Debian, Ubuntu; npm test does it itself as root`,
        `  brew install ${kinds.map((kind) => FORMULAS[kind]).join(' ')}    # macOS`,
        '  docker compose -f docker-compose.test.yml up --detach --wait    # npm test does it itself where Docker runs',
        '  export REDIS_URL=redis://HOST:6379 NATS_URL=nats://HOST:4222    # servers that run already and hold nothing of value',
        'Tests that need no server run without: npm test -- --no-servers libs/core',
      ].join('\n'),
    );
    this.name = 'NoServersError';
  }
}
const PRODUCTS = { redis: 'Redis', nats: 'NATS' };
const FORMULAS = { redis: 'redis', nats: 'nats-server' };
