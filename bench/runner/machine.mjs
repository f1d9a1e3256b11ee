import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const FILE_SYSTEMS = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlay',
};

/** What the figures depend on. `folder`: where the durable stores write. */
export function describeMachine(folder) {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    node: `${process.version} (V8 ${process.versions.v8})`,
    disk: FILE_SYSTEMS[statfsSync(folder).type] ?? 'unknown file system',
    load: loadavg()
      .map((value) => value.toFixed(1))
      .join(' '),
  };
}

/**
 * Waits for a moment when nothing else wants a processor, because a benchmark on a busy machine measures its
 * neighbours. Gives up after `limitMs`.
 *
 * @returns whether it is quiet
 */
export async function quiet(limitMs) {
  for (const until = Date.now() + limitMs; ;) {
    if (runnable() <= 1) return true;
    if (Date.now() >= until) return false;
    await sleep(10);
  }
}

/** Threads that run or want to, this one included. */
function runnable() {
  try {
    return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[3].split('/')[0]);
  } catch {
    return 1;
  }
}
