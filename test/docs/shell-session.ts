import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Ran {
  readonly code: number;
  /** What it wrote, on either stream. */
  readonly told: string;
}

/** A shell as a person has it open: a variable that one command sets is there for the next. */
export function openShell(cwd: string, env: Readonly<Record<string, string>>, setUp: string) {
  const shell = spawn('bash', ['--noprofile', '--norc'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const codes = createInterface(shell.stdout)[Symbol.asyncIterator]();
  const file = join(cwd, `.told-${shell.pid}`);
  const run = async (command: string): Promise<Ran> => {
    shell.stdin.write(`{ ${command}\n} < /dev/null > ${file} 2>&1\necho $?\n`);
    const { value } = await codes.next();
    return { code: Number(value), told: await readFile(file, 'utf8') };
  };
  shell.stdin.write(`${setUp}\n`);
  return {
    run,
    /** For what serves until it is told to stop: which it is, once it says that it has started. */
    serve: (command: string) =>
      run(
        `${command} &\nfor _ in {1..300}; do grep -q server_started ${file} && break; kill -0 $! 2>/dev/null || break; sleep 0.1; done\nkill $!; wait $!`,
      ),
    close(): Promise<void> {
      shell.stdin.end();
      return new Promise((resolve) => shell.once('close', () => resolve()));
    },
  };
}
