import { run } from '../lib/run.mjs';

/** Packages of Debian that hold the programs. */
export const PACKAGES = { redis: 'redis-server', nats: 'nats-server' };

/**
 * Debian starts a service when it installs it, unless this file forbids it; with systemd it would also start it at the
 * next boot. A shell, because its trap takes the file away whatever becomes of us.
 */
const SCRIPT = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get -q update
apt-get -q install -y --no-install-recommends "$@"
if [ -d /run/systemd/system ]; then systemctl disable "$@"; fi
`;

/** Installs the servers of these kinds from Debian's packages and leaves their services off. @throws {CommandError} */
export async function installServers(kinds) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('/bin/sh', ['-c', SCRIPT, 'install', ...kinds.map((kind) => PACKAGES[kind])], { env, timeoutMs: 600_000 });
}
