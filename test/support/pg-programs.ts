import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const written = new URL('../../.services.env', import.meta.url);
const programs = ['pg_dump', 'pg_restore', 'pg_basebackup', 'pg_combinebackup', 'pg_verifybackup', 'pg_waldump'];

/** The root file system that `npm run services:up` runs PostgreSQL 17 in, where that is how it runs it. */
export async function postgresRoot(): Promise<string | undefined> {
  const text = existsSync(written) ? await readFile(written, 'utf8') : '';
  return process.env.TEST_POSTGRES_ROOT ?? /^TEST_POSTGRES_ROOT=(.*)$/m.exec(text)?.[1];
}

/**
 * A folder with the programs of PostgreSQL 17 that this machine can run: those of the root by the root's own loader and
 * libraries, otherwise the installed ones. Undefined where there are none.
 */
export async function pgPrograms(folder: string): Promise<string | undefined> {
  const root = await postgresRoot();
  if (root === undefined) {
    const installed = '/usr/lib/postgresql/17/bin';
    return existsSync(join(installed, 'pg_dump')) ? installed : undefined;
  }
  const bin = join(root, 'usr/lib/postgresql/17/bin');
  const libraries = readdirSync(join(root, 'usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const loader = ['usr/lib64', 'usr/lib']
    .flatMap((place) =>
      existsSync(join(root, place)) ? readdirSync(join(root, place)).map((name) => join(root, place, name)) : [],
    )
    .find((path) => /\/ld-linux-[^/]*\.so\.\d$/.test(path));
  await mkdir(folder, { recursive: true });
  for (const program of programs) {
    const path = join(folder, program);
    const run = `${loader} --argv0 "$0" --library-path ${join(root, 'usr/lib', libraries)} ${join(bin, program)} "$@"`;
    await writeFile(path, `#!/bin/sh\nexec ${run}\n`);
    await chmod(path, 0o755);
  }
  return folder;
}
