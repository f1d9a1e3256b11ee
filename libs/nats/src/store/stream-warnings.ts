import type { StoreWarning } from '@catga/core';
import { hasUnsafeReplicas, SAFE_REPLICAS, type LogStreamOptions, type StreamDetails } from './log-stream.js';

/** What cannot be known is said, and is no reason to refuse. */
const UNKNOWN = 'nats-sync-interval';

/** The warnings for which a strict store does not open. */
export function refusedWhenStrict(warnings: readonly StoreWarning[]): readonly StoreWarning[] {
  return warnings.filter(({ code }) => code !== UNKNOWN);
}

/** What in the settings of a stream or its server puts the store's data at risk. */
export function streamWarnings(
  stream: string,
  { config }: StreamDetails,
  version: string,
  { replicas, maxBytes }: LogStreamOptions,
): readonly StoreWarning[] {
  const found: StoreWarning[] = [];
  const warn = (code: string, message: string): void => void found.push({ code: `nats-${code}`, message });
  const edit = (flag: string): string => `Set it with "nats stream edit ${stream} ${flag}".`;
  if (config.storage !== 'file') {
    warn(
      'memory-storage',
      `Stream "${stream}" is kept in the memory of the server: a restart loses everything. Copy it into a stream with file storage; this cannot be changed afterwards.`,
    );
  }
  if (config.discard !== 'new') {
    warn(
      'discard-old',
      `Stream "${stream}" throws its oldest events away when it is full (discard: old). ${edit('--discard=new')}`,
    );
  }
  if ((config.max_age ?? 0) > 0) {
    warn(
      'max-age',
      `Stream "${stream}" forgets events after ${Math.round((config.max_age ?? 0) / 1e9)} s (max_age). ${edit('--max-age=0')}`,
    );
  }
  if ((config.max_msgs_per_subject ?? -1) > 0) {
    warn(
      'max-per-subject',
      `Stream "${stream}" keeps only ${config.max_msgs_per_subject} messages (max_msgs_per_subject). ${edit('--max-msgs-per-subject=-1')}`,
    );
  }
  if (config.retention !== undefined && config.retention !== 'limits') {
    warn(
      'retention',
      `Stream "${stream}" removes messages that were read (retention: ${config.retention}). Make it anew with retention: limits.`,
    );
  }
  const isLimited = (config.max_msgs ?? -1) > 0 || (config.max_bytes ?? -1) > 0;
  if (config.discard === 'new' && isLimited && maxBytes !== config.max_bytes) {
    warn(
      'limit',
      `Stream "${stream}" is limited to ${limits(config)}; when it is full, every commit fails. Watch it, and raise the limit in time.`,
    );
  }
  if ((config.num_replicas ?? 1) < replicas) {
    warn(
      'replicas',
      `Stream "${stream}" has ${config.num_replicas ?? 1} copies, not the ${replicas} that the option asks for. ${edit(`--replicas=${replicas}`)}`,
    );
  }
  if ((config.num_replicas ?? 1) > 1 && hasUnsafeReplicas(version)) {
    warn(
      'old-cluster',
      `NATS ${version} may lose acknowledged messages of streams with several copies. Update the servers to ${SAFE_REPLICAS} or later.`,
    );
  }
  return [...found, ...syncWarning(config, version)];
}

function limits({ max_msgs: messages = -1, max_bytes: bytes = -1 }: StreamDetails['config']): string {
  return [messages > 0 ? `${messages} messages` : '', bytes > 0 ? `${bytes} bytes` : ''].filter(Boolean).join(' and ');
}

/** A client cannot see sync_interval. Several copies on several machines make up for it. */
function syncWarning({ num_replicas: replicas = 1 }: StreamDetails['config'], version: string): StoreWarning[] {
  if (replicas > 1) return [];
  return [
    {
      code: UNKNOWN,
      message: `NATS ${version} writes to the disk on its own time (sync_interval), which a client cannot see: what it acknowledged survives kill -9 of the server, but power loss may take the last two minutes. Set "sync_interval: always" in the jetstream block (2.10 and later), or use replicas: 3 on machines that do not fail together.`,
    },
  ];
}
