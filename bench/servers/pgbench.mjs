// PostgreSQL without a server in front: how many calls the database could answer. https://www.postgresql.org/docs/17/pgbench.html
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { database, installationEnvironment, peerLogin, peersDatabase, readerPassword } from '../installation.mjs';
import { cpuOfTrees } from '../load/processes.mjs';
import { cleanEnvironment, runCommand, services } from '../places.mjs';
import { schemaSql } from '../workloads.mjs';

/** A tenant token may live for a minute, so one run does as well. */
export const longestRunSeconds = 50;
/** Each connection prepares each statement of each script once: with more of them a short run would measure that. */
const mostScripts = 8;

/** How to start pgbench: one of this machine, or the one beside the services' PostgreSQL by that root's own loader. */
export function findPgbench() {
  const { root } = services();
  const inside = root === undefined ? undefined : join(root, 'usr/lib/postgresql/17/bin/pgbench');
  if (inside !== undefined && existsSync(inside)) {
    const loader = join(root, 'lib64/ld-linux-x86-64.so.2');
    const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((folder) => join(root, folder)).join(':');
    if (existsSync(loader)) return [loader, '--library-path', libraries, inside];
  }
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged) ? readdirSync(packaged).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((version) => join(packaged, version, 'bin/pgbench')).find((path) => existsSync(path));
  return found === undefined ? undefined : [found];
}

/** @param {string} output what pgbench prints at its end */
export function parsePgbench(output) {
  const figure = (pattern) => {
    const [, found] = pattern.exec(output) ?? [];
    return found === undefined ? Number.NaN : Number(found);
  };
  return {
    calls: figure(/number of transactions actually processed: (\d+)/),
    errors: figure(/number of failed transactions: (\d+)/),
    callsPerSecond: figure(/tps = ([\d.]+) \(without/),
    latencyMs: figure(/latency average = ([\d.]+) ms/),
  };
}

/** One call as this server makes it, in one write. @param {string} sql */
export const scopedScript = (sql) =>
  `\\startpipeline\nBEGIN READ ONLY;\nSELECT retail.use_scope(:token);\n${sql};\nROLLBACK;\n\\endpipeline\n`;

/** The same form as the server's own tokens, for the longest time that the database allows. @param {readonly number[]} ids */
function mintScopeToken(ids) {
  const [kid, key] = installationEnvironment().BENCH_SCOPE_KEY.split(':');
  const expiry = Math.floor(Date.now() / 1000) + 60;
  const signed = `v1.${kid}.${expiry}.${randomBytes(12).toString('hex')}.${ids.join(',')}`;
  return `${signed}.${createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('hex')}`;
}

/** This server's final SQL under its policies, on the reader's login. @param {{ tenant: { id: number }, finalSql: Record<string, string[]> }} options */
export function pgbenchScoped({ tenant, finalSql }) {
  return createPgbench({
    name: 'pgbench-ours',
    title: 'pgbench, final SQL under our policies',
    login: `${database}_reader`,
    database,
    scriptsOf: ({ id }) => finalSql[id]?.slice(0, mostScripts).map(scopedScript),
    variables: () => ['-D', `token=${mintScopeToken([tenant.id])}`],
  });
}

/** The caller's SQL under the peers' policies. @param {{ variants: Record<string, import('../workloads.mjs').Variant[]> }} options */
export function pgbenchPlain({ variants }) {
  return createPgbench({
    name: 'pgbench-peers',
    title: "pgbench, caller's SQL under the peers' policies",
    login: peerLogin,
    database: peersDatabase,
    scriptsOf(workload) {
      if (workload.sameAs !== undefined) return undefined;
      if (workload.kind === 'schema') return [`${schemaSql};\n`];
      return variants[workload.id].slice(0, mostScripts).map(({ sql }) => `${sql};\n`);
    },
    variables: () => [],
  });
}

function createPgbench({ name, title, login, database: on, scriptsOf, variables }) {
  const [program, ...before] = findPgbench();
  const { adminUrl } = services();
  const written = new Map();
  const scripts = async (workload) => {
    const texts = scriptsOf(workload);
    if (texts === undefined || texts.length === 0) return undefined;
    if (!written.has(workload.id)) {
      const folder = await mkdtemp(join(tmpdir(), 'zava-bench-'));
      const files = texts.map((_, index) => join(folder, `${index}.sql`));
      await Promise.all(texts.map((text, index) => writeFile(files[index], text)));
      written.set(workload.id, files);
    }
    return written.get(workload.id);
  };
  return {
    name,
    title,
    settings: { protocol: 'prepared' },
    /** @param {import('../workloads.mjs').Workload} workload */
    async run(workload, { concurrency, seconds, postmaster }) {
      const files = await scripts(workload);
      if (files === undefined) return undefined;
      const args = [
        '-n',
        '-M',
        'prepared',
        '-c',
        String(concurrency),
        '-j',
        '1',
        '-T',
        String(Math.min(longestRunSeconds, Math.ceil(seconds))),
      ];
      const address = [
        '-h',
        adminUrl.hostname,
        '-p',
        adminUrl.port,
        '-U',
        login,
        ...variables(),
        ...files.flatMap((file) => ['-f', file]),
        on,
      ];
      const cpu = () => cpuOfTrees({ postgres: postmaster }).postgres;
      const start = cpu();
      const { latencyMs, ...figures } = parsePgbench(
        await runCommand(program, [...before, ...args, ...address], { env: cleanEnvironment({ PGPASSWORD: readerPassword() }) }),
      );
      const postgresCpuUs = start === null || figures.calls === 0 ? null : (cpu() - start) / figures.calls;
      return { ...figures, mean: latencyMs, postgresCpuUs };
    },
  };
}
