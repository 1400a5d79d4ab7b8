import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { bootstrap, installKeys } from '../postgres/bootstrap.ts';
import { lockDataDir } from '../postgres/data-dir-lock.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../postgres/embedded-database.ts';
import { type Migration, migrate } from '../postgres/migrate.ts';
import type { ScopeSigningKey } from '../postgres/scope-token.ts';

export interface EmbeddedStartOptions {
  readonly dataDir: string;
  readonly definition: SchemaDefinition;
  readonly prefix: string;
  readonly migrations: readonly Migration[];
  readonly signingKey: ScopeSigningKey;
  /** Fills a new database. Ended by `signal`, it must leave by throwing. */
  readonly seed: (session: OwnerSession) => Promise<void>;
  /** For a person who waits: one line a step. */
  readonly onStep?: (step: string) => void;
}

export interface EmbeddedStart {
  readonly database: EmbeddedDatabase;
  /** True for the copy in memory that a second process gets. */
  readonly copy: boolean;
}

// Of PGlite, which cannot read another version's files.
const embeddedMajor = '18';

/** Opens the data directory, making and filling it first where it is new. Whatever was cut short last time is begun again. */
export async function startEmbedded(options: EmbeddedStartOptions): Promise<EmbeddedStart> {
  const place = {
    data: join(options.dataDir, 'postgres'),
    building: join(options.dataDir, 'postgres.building'),
    template: join(options.dataDir, 'template.tar.gz'),
  };
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataDir(options.dataDir);
  if (lock === undefined) return { database: await openCopy(options, place.template), copy: true };
  try {
    if (!existsSync(place.data)) await build(options, place);
    await checkVersion(place.data);
    const database = await open(options, { dataDir: place.data });
    await bringUpToDate(database, options);
    const close = async () => {
      await database.close();
      await lock.release();
    };
    return { database: { ...database, close }, copy: false };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Place {
  readonly data: string;
  readonly building: string;
  readonly template: string;
}

/** Built aside and renamed when complete, so that a directory of that name is always a whole database. */
async function build(options: EmbeddedStartOptions, place: Place): Promise<void> {
  const step = options.onStep ?? (() => {});
  await rm(place.building, { recursive: true, force: true });
  step('Creating the embedded PostgreSQL');
  try {
    const database = await open(options, { dataDir: place.building });
    try {
      await bootstrap({ ...options, session: database.session(null), passwords: {} });
      await migrate({ ...options, session: database.session(ownerOf(options)) });
      step('Making the sample data');
      await options.seed(database.session(ownerOf(options)));
      step('Keeping a template');
      await writeFile(`${place.template}.new`, await database.dump());
    } finally {
      await database.close();
    }
    await rename(`${place.template}.new`, place.template);
    await rename(place.building, place.data);
  } catch (error) {
    await rm(place.building, { recursive: true, force: true });
    await rm(`${place.template}.new`, { force: true });
    throw explainDisk(error, options.dataDir);
  }
}

async function checkVersion(directory: string): Promise<void> {
  const version = (await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => 'no')).trim();
  if (version === embeddedMajor) return;
  throw new AppError(
    'misconfigured',
    `The data directory ${directory} is of PostgreSQL ${version}, this release embeds ${embeddedMajor}`,
    {
      hint: 'Set DATA_DIR to another folder, or move this one away: the sample data is made anew.',
    },
  );
}

async function openCopy(options: EmbeddedStartOptions, template: string): Promise<EmbeddedDatabase> {
  if (!existsSync(template)) {
    throw new AppError('dependency_unavailable', `Another process is just making the database in ${options.dataDir}`, {
      hint: 'Start again when it has finished, or set DATA_DIR to another folder.',
    });
  }
  const database = await open(options, { dataDir: 'memory', template: await readFile(template) });
  await bringUpToDate(database, options);
  return database;
}

/** A newer release's migrations, and the key that this process signs with. */
async function bringUpToDate(database: EmbeddedDatabase, options: EmbeddedStartOptions): Promise<void> {
  await migrate({ ...options, session: database.session(ownerOf(options)) });
  await installKeys({ ...options, session: database.session(null) });
}

const ownerOf = ({ prefix }: EmbeddedStartOptions) => `${prefix}_owner`;

function open(
  { definition, prefix }: EmbeddedStartOptions,
  session: { dataDir: string; template?: Uint8Array },
): Promise<EmbeddedDatabase> {
  return openEmbeddedDatabase({
    ...session,
    useScopeFunction: definition.useScopeFunction,
    serverRole: `${prefix}_server`,
    readerRole: (suffix) => `${prefix}_${suffix}`,
  });
}

function explainDisk(error: unknown, dataDir: string): unknown {
  const code = (error as { code?: unknown }).code;
  if (code !== 'ENOSPC' && code !== '53100') return error;
  return new AppError('misconfigured', `There is no room left on the disk of ${dataDir}`, {
    hint: 'Free about 300 MB or set DATA_DIR to a folder on another disk. Nothing was kept of the attempt.',
    cause: error,
  });
}
