import { spawn } from 'node:child_process';
import { root } from './workspace.mjs';

/** A command that ended badly; `output` is what it wrote. */
export class CommandError extends Error {
  constructor(command, how, output) {
    super(`${command} ${how}`);
    this.name = 'CommandError';
    this.output = output;
  }
}

/**
 * Runs a program and resolves with everything it wrote. Never through a shell, never with our stdin.
 *
 * @throws {CommandError} when it does not exit with 0 or runs longer than `timeoutMs` (default: five minutes).
 */
export function run(program, args, { cwd = root, env = process.env, timeoutMs = 300_000 } = {}) {
  const shown = [program === process.execPath ? 'node' : program, ...args].join(' ').replaceAll(`${root}/`, '');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('error', (error) => reject(new CommandError(shown, `could not be started: ${error.message}`, output)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new CommandError(shown, signal ? `was ended by ${signal}` : `exited with ${code}`, output));
    });
  });
}

/** Ends the program with the message of an error; its stack would lead into the tools, where nothing is wrong. */
export function fail(error) {
  if (error instanceof CommandError) console.error(`${error.output.trimEnd()}\n`);
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
