import { spawn } from 'node:child_process';

/**
 * Reads `+ PID`, `- PID` and `folder PATH` until its stdin ends, as it does however this process ends: then it kills
 * what is left and removes the folders. A shell, because it starts in a millisecond and needs no memory.
 */
const SCRIPT = `
pids= folders=
while IFS= read -r line; do
  case $line in
    '+ '*) pids="$pids \${line#+ }" ;;
    '- '*) kept=; for pid in $pids; do [ "$pid" = "\${line#- }" ] || kept="$kept $pid"; done; pids=$kept ;;
    'folder '*) folders="$folders\${line#folder }
" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
printf '%s' "$folders" | while IFS= read -r folder; do rm -rf -- "$folder"; done
`;

let watchdog;

/**
 * Sees to it that a child does not outlive this process: neither after `kill -9` nor after an exit that runs no hooks,
 * such as the end of a Jest worker.
 *
 * @returns call it when the child has ended: its number may be another program's soon.
 */
export function guard(pid) {
  tell(`+ ${pid}`);
  return () => tell(`- ${pid}`);
}

/** Removes a folder when this process has ended, however it ended. */
export function guardFolder(path) {
  tell(`folder ${path}`);
}

function tell(line) {
  watchdog ??= start();
  watchdog.stdin.write(`${line}\n`);
}

function start() {
  // A group of its own: Ctrl-C must reach the programs and not their watchdog.
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
  child.stdin.unref();
  return child;
}
