import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The lines the tests read. `running` is what a backend's running() answers. */
export function envFileText(running) {
  return `${['# Written by services:up, removed by services:down.', ...running.flatMap(linesFor)].join('\n')}\n`;
}

function linesFor(service) {
  if (service.name === 'Redis') return [`TEST_REDIS_URL=redis://127.0.0.1:${service.port}`];
  // 17 is the version everything is tested with; others carry their number.
  const prefix = service.version === 17 ? 'TEST_POSTGRES' : `TEST_POSTGRES_${service.version}`;
  const url = `postgres://postgres:${encodeURIComponent(service.password)}@127.0.0.1:${service.port}/postgres`;
  return [`${prefix}_ADMIN_URL=${url}`, ...(service.root ? [`${prefix}_ROOT=${service.root}`] : [])];
}

export async function writeEnvFile(checkout, running) {
  const path = join(checkout, '.services.env');
  await writeFile(path, envFileText(running), { mode: 0o600 });
  // The mode above counts only when the file is new.
  await chmod(path, 0o600);
}

export async function removeEnvFile(checkout) {
  await rm(join(checkout, '.services.env'), { force: true });
}
