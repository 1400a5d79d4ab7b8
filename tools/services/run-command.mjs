import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ServicesError } from './plan.mjs';

const running = new Set();

/** Every command is a process group of its own; call this once so that none outlives this program. */
export function endCommandsOnSignal() {
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => {
      for (const child of running) endGroup(child);
      process.exit(code);
    });
  }
}

function endGroup(child) {
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch {
    // It has ended by itself meanwhile.
  }
}

/**
 * Runs a command to its end and gives its exit code and output. With `logFile` the output goes there instead.
 * A missing program is exit code 127, as in a shell.
 */
export function run(command, args, { env = process.env, cwd, logFile, timeoutMs } = {}) {
  const log = logFile ? openSync(logFile, 'a', 0o600) : 'pipe';
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, stdio: ['ignore', log, log], detached: true });
    running.add(child);
    const deadline = timeoutMs ? setTimeout(() => endGroup(child), timeoutMs) : undefined;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    const finish = (code) => {
      clearTimeout(deadline);
      running.delete(child);
      if (log !== 'pipe') closeSync(log);
      resolve({ code, output: output.trim() });
    };
    child.once('error', () => finish(127));
    child.once('close', (code) => finish(code ?? 1));
  });
}

/** As `run`, and anything but exit code 0 is an error that shows the end of the output. */
export async function runOrFail(what, command, args, options = {}) {
  const { code, output } = await run(command, args, options);
  if (code === 0) return output;
  const said = options.logFile ? await lastLines(options.logFile) : output;
  throw new ServicesError(
    `${what} failed (exit code ${code}):\n${said}`,
    options.logFile ? `The whole log: ${options.logFile}` : `The command was: ${command} ${args.join(' ')}`,
  );
}

export async function lastLines(path, count = 12) {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
