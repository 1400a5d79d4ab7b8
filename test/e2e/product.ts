import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = new URL('../../', import.meta.url).pathname;
export const mainFile = join(root, 'dist/main.js');

export type Environment = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built product as a user starts it. */
export interface Product {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first match in stderr; rejects when the process ends without one. */
  told(pattern: RegExp): Promise<RegExpExecArray>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** The environment without anything that could be a setting of the machine that runs the tests. */
export function cleanEnvironment(env: Environment): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'npm_config_cache'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), ...env };
}

export function startProduct(args: readonly string[], env: Environment): Product {
  const child = spawn(process.execPath, [mainFile, ...args], { env: cleanEnvironment(env), cwd: tmpdir() });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const look of listeners) look();
    });
  }
  child.stdin.on('error', () => {});
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  return {
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    told: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output.stderr);
          if (match !== null) resolve(match);
          return match !== null;
        };
        if (look()) return;
        listeners.add(look);
        void ended.then((end) => {
          if (!look()) reject(new Error(`ended with ${JSON.stringify(end)} without saying ${pattern}:\n${output.stderr}`));
        });
      }),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

export interface Finished extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

export async function runProduct(args: readonly string[], env: Environment): Promise<Finished> {
  const product = startProduct(args, env);
  product.child.stdin?.end();
  return { ...(await product.ended), stdout: product.stdout(), stderr: product.stderr() };
}

export interface Caller {
  readonly name: string;
  readonly token: string;
}

export interface Served extends Product {
  readonly url: string;
  readonly callers: { readonly store: Caller; readonly region: Caller; readonly headOffice: Caller };
}

/**
 * Serves HTTP on a free port and reads the snippets that are printed for people. Without the embedding model unless `env` asks for
 * it: a server loads it soon after its start, which keeps a processor busy for seconds.
 */
export async function serveHttp(env: Environment): Promise<Served> {
  const product = startProduct(['serve', '--transport', 'http', '--port', '0'], { EMBEDDER: 'none', ...env });
  const [, url = ''] = await product.told(/answers at (\S+\/mcp)\..*Ctrl-C stops/s);
  const callers = new Map<string, Caller>();
  for (const line of product
    .stderr()
    .split('\n')
    .filter((text) => text.startsWith('{"mcpServers"'))) {
    const { mcpServers } = JSON.parse(line) as {
      mcpServers: Record<string, { type: string; url: string; headers: { Authorization: string } }>;
    };
    for (const [name, server] of Object.entries(mcpServers)) {
      if (server.type !== 'http' || server.url !== url) throw new Error(`a snippet for another address: ${line}`);
      callers.set(name, { name, token: server.headers.Authorization.replace('Bearer ', '') });
    }
  }
  const caller = (name: string) => {
    const found = callers.get(name);
    if (found === undefined) throw new Error(`there is no snippet ${name}`);
    return found;
  };
  return {
    ...product,
    url,
    callers: { store: caller('zava-store'), region: caller('zava-region'), headOffice: caller('zava-head-office') },
  };
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'zava-e2e-'));
}

/** Changes whenever something does that a prepared data directory follows from. */
function dataDigest(): string {
  const hash = createHash('sha256');
  for (const folder of ['migrations', 'data', 'src/retail/sample-data', 'src/postgres', 'src/app']) {
    const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile());
    for (const file of entries.map(({ name }) => name).sort()) hash.update(file).update(readFileSync(join(root, folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

export const preparedScale = 200;

/** A data directory of the caller's own, filled at `preparedScale`: making it once a machine saves each file ten seconds. */
export async function copyOfPreparedDataDir(): Promise<string> {
  const prepared = join(cache, `data-dir-${dataDigest()}`);
  await mkdir(cache, { recursive: true });
  while (!existsSync(prepared)) await prepareOrWait(prepared);
  const own = await newFolder();
  await cp(prepared, own, { recursive: true });
  return own;
}

const cache = join(root, 'node_modules/.cache/zava-mcp-server');

/** Two files that made it at once would take twice as long. */
async function prepareOrWait(prepared: string): Promise<void> {
  const making = `${prepared}.making`;
  const isMine = await mkdir(making).then(
    () => true,
    () => false,
  );
  if (isMine) return prepare(prepared).finally(() => removeFolder(making));
  const since = statSync(making, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  // Of a process that was killed meanwhile.
  if (Date.now() - since > 120_000) await removeFolder(making);
  await sleep(200);
}

async function prepare(prepared: string): Promise<void> {
  const aside = join(cache, `data-dir-${randomBytes(5).toString('hex')}`);
  await mkdir(aside, { recursive: true });
  const { code, stderr } = await runProduct(['seed', '--scale', String(preparedScale)], { DATA_DIR: aside });
  if (code !== 0) throw new Error(`no data directory could be prepared:\n${stderr}`);
  await rename(aside, prepared).catch(() => rm(aside, { recursive: true, force: true }));
  const outdated = readdirSync(cache).filter((name) => /^data-dir-[0-9a-f]{12}$/.test(name) && join(cache, name) !== prepared);
  await Promise.all(outdated.map((name) => removeFolder(join(cache, name))));
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });
