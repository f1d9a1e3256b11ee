import type { TransportWarning } from '@catga/core';
import type { ServerSettings } from '../store/index.js';

/** What of the server's settings may lose messages, each once, with what to set. */
export function warningsOf(servers: readonly ServerSettings[]): readonly TransportWarning[] {
  const found = new Map<string, string>();
  for (const server of servers) for (const [code, message] of dangers(server)) found.set(code, message);
  return [...found].map(([code, message]) => ({ code, message }));
}

/** What was published survives a crash of a node; that of the server only with a log of its writes. */
export function isDurable(servers: readonly ServerSettings[]): boolean {
  return servers.every(({ policy, appendonly }) => policy === 'noeviction' && appendonly === true);
}

function* dangers({ policy, appendonly, appendfsync, replicas }: ServerSettings): Generator<[string, string]> {
  if (policy !== undefined && policy !== 'noeviction') {
    yield [
      'CATGA_REDIS_EVICTION',
      `Redis may throw away messages and subscriptions when its memory is full (maxmemory-policy ${policy}). Set maxmemory-policy noeviction; then publishing fails instead.`,
    ];
  }
  if (appendonly === false) {
    yield [
      'CATGA_REDIS_NO_LOG',
      'Redis keeps no log of its writes: a restart loses all messages since the last snapshot. Set appendonly yes and appendfsync always.',
    ];
  } else if (appendfsync !== undefined && appendfsync !== 'always') {
    yield [
      'CATGA_REDIS_FSYNC',
      `A crash of Redis or its machine may lose messages whose publishing was acknowledged in the last second or two (appendfsync ${appendfsync}). Set appendfsync always if none may be lost.`,
    ];
  }
  if (policy === undefined || appendonly === undefined) {
    yield [
      'CATGA_REDIS_SETTINGS_UNKNOWN',
      'Redis does not tell its settings (INFO or CONFIG is refused), so what a crash loses is unknown. Make sure of maxmemory-policy noeviction, appendonly yes, appendfsync always.',
    ];
  }
  if (replicas > 0) {
    yield [
      'CATGA_REDIS_REPLICATION',
      'Replicas get messages after they were acknowledged: a fail-over may lose the last ones, or bring handled ones again. Restart a failed primary rather than replace it, and keep appendonly on all nodes.',
    ];
  }
}
