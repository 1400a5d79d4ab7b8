import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { withClient } from './installation.mjs';
import { checkout } from './places.mjs';

/** What a reader must know to compare figures with another report's. @param {string} database */
export async function describeMachine(database) {
  const all = cpus();
  const settings = await withClient({ name: database }, async (admin) => {
    const { rows } = await admin.query(
      `SELECT name, current_setting(name) AS value FROM unnest(ARRAY['server_version', 'shared_buffers', 'fsync', 'max_connections',
         'shared_preload_libraries']) AS name`,
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  });
  const others = await withClient({ name: database }, async (admin) => {
    const { rows } = await admin.query(
      `SELECT count(*) AS count FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return Number(rows[0].count);
  });
  return {
    otherConnections: others,
    processor: `${all.length} x ${all[0]?.model ?? 'unknown'}`,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    node: process.version,
    postgresql: settings,
    version: JSON.parse(readFileSync(`${checkout}/package.json`, 'utf8')).version,
    commit: commit(),
    loadAtStart: loadavg()[0],
  };
}

function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: checkout, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src', 'migrations') === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}
