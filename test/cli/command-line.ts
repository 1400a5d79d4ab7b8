import { vi } from 'vitest';
import { runCommandLine } from '../../src/cli/program.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningVerb {
  readonly done: Promise<Outcome>;
  stdout(): string;
  stderr(): string;
  /** As if the process got the signal; the test runner's own handlers do not hear it. */
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

const settings =
  /^(ZAVA_|POSTGRES_|DATABASE_|PG|AUTH_|AZURE_|DATA_DIR|ENVIRONMENT|HOST$|PORT$|DEV_|LOG_|DEBUG|SMTP_|ALERT_|SLACK_|TEAMS_|MONTHLY_|SCHEMA_DIR)/;

// A command that was stopped ends its process soon after: here that would be the test's own.
vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);

/** Runs a verb in this process: only then does coverage see it. The environment holds no settings but `env`. */
export function startVerb(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningVerb {
  for (const name of Object.keys(process.env)) if (settings.test(name)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation(((chunk: string | Uint8Array, ...rest: unknown[]) => {
      output[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      const written = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
      written?.();
      return true;
    }) as typeof process.stdout.write),
  );
  const others = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') };
  const done = runCommandLine(['node', 'zava-mcp-server', ...args])
    .then((code) => ({ code, ...output }))
    .finally(() => {
      for (const spy of spies) spy.mockRestore();
      vi.unstubAllEnvs();
    });
  return {
    done,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    signal(name) {
      for (const listener of process.listeners(name)) if (!others[name].includes(listener)) listener(name);
    },
  };
}

export function runVerb(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return startVerb(args, env).done;
}
