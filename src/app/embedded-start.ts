import { existsSync, rmSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import { bootstrap, installKeys } from '../postgres/bootstrap.ts';
import { lockDataDir } from '../postgres/data-dir-lock.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../postgres/embedded-database.ts';
import type { EmbeddedSessionOptions } from '../postgres/embedded-session.ts';
import type { Migration } from '../postgres/migrate.ts';
import type { ScopeSigningKey } from '../postgres/scope-token.ts';
import { migrateRecorded } from './migrate-recorded.ts';

export interface EmbeddedStartOptions {
  readonly dataDir: string;
  readonly definition: SchemaDefinition;
  readonly prefix: string;
  readonly migrations: readonly Migration[];
  readonly signingKey: ScopeSigningKey;
  /** Fills a new database. Ended by `signal`, it must leave by throwing. */
  readonly seed: (session: OwnerSession, signal?: AbortSignal) => Promise<void>;
  /** For a person who waits: one line a step. */
  readonly onStep?: (step: string) => void;
  /** Gives the start up: nothing is left of a database that was just being made. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedStart {
  readonly database: EmbeddedDatabase;
  /** True for the copy in memory that a second process gets. */
  readonly copy: boolean;
  /** Makes what is in the database now the template of such copies. */
  keepTemplate(): Promise<void>;
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
  if (lock === undefined) {
    return { database: await openCopy(options, place.template), copy: true, keepTemplate: async () => {} };
  }
  try {
    if (!existsSync(place.data)) await build(options, place);
    await checkVersion(place.data);
    const database = await openUpToDate(options, { dataDir: place.data });
    const close = () => database.close().finally(lock.release);
    const keepTemplate = async () => {
      await writeFile(newTemplate(place), await database.dump());
      await rename(newTemplate(place), place.template);
    };
    return { database: { ...database, close }, copy: false, keepTemplate };
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

const retriedRemoval = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 };
const newTemplate = ({ template }: Place) => `${template}.new`;

/** Built aside and renamed when complete, so that a directory of that name is always a whole database. */
async function build(options: EmbeddedStartOptions, place: Place): Promise<void> {
  await rm(place.building, { recursive: true, force: true });
  try {
    // Making a cluster takes seconds that nothing can cut short: whoever gives up does not wait for them.
    await unlessAborted(fill(options, place), options.signal);
    await rename(newTemplate(place), place.template);
    await rename(place.building, place.data);
  } catch (error) {
    // The thread that was making it may still write while the process ends.
    if (options.signal?.aborted) process.once('exit', () => rmSync(place.building, retriedRemoval));
    await rm(place.building, retriedRemoval);
    await rm(newTemplate(place), { force: true });
    throw explainDisk(error, options.dataDir);
  }
}

async function fill(options: EmbeddedStartOptions, place: Place): Promise<void> {
  const { signal } = options;
  const step = (name: string) => {
    signal?.throwIfAborted();
    options.onStep?.(name);
  };
  step('Creating the embedded PostgreSQL');
  const database = await open(options, { dataDir: place.building });
  try {
    signal?.throwIfAborted();
    await bootstrap({ ...options, session: database.session(null), passwords: {} });
    await migrateRecorded({ ...options, session: database.session(ownerOf(options)) });
    step('Making the sample data');
    await options.seed(database.session(ownerOf(options)), signal);
    step('Keeping a template');
    const template = await database.dump();
    signal?.throwIfAborted();
    await writeFile(newTemplate(place), template);
  } finally {
    // Closing writes; who has given up is removing these files.
    if (!signal?.aborted) await database.close();
  }
}

async function unlessAborted(work: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return work;
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  work.catch(() => {});
  return Promise.race([work, aborted]);
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
  return openUpToDate(options, { dataDir: 'memory', template: await readFile(template) });
}

/** With a newer release's migrations, and the key that this process signs with. */
async function openUpToDate(options: EmbeddedStartOptions, place: EmbeddedSessionOptions): Promise<EmbeddedDatabase> {
  const database = await open(options, place);
  try {
    await migrateRecorded({ ...options, session: database.session(ownerOf(options)) });
    await installKeys({ ...options, session: database.session(null) });
    return database;
  } catch (error) {
    // The lock on the directory goes next: nothing may be writing there by then.
    await database.close();
    throw error;
  }
}

const ownerOf = ({ prefix }: EmbeddedStartOptions) => `${prefix}_owner`;

function open({ definition, prefix }: EmbeddedStartOptions, session: EmbeddedSessionOptions): Promise<EmbeddedDatabase> {
  return openEmbeddedDatabase({
    ...session,
    useScopeFunction: definition.useScopeFunction,
    serverRole: `${prefix}_server`,
    readerRole: (suffix) => `${prefix}_${suffix}`,
  });
}

function explainDisk(error: unknown, dataDir: string): unknown {
  const codes = [error, (error as { cause?: unknown }).cause].map((fault) => (fault as { code?: unknown } | undefined)?.code);
  if (!codes.includes('ENOSPC') && !codes.includes('53100')) return error;
  return new AppError('misconfigured', `There is no room left on the disk of ${dataDir}`, {
    hint: 'Free about 300 MB or set DATA_DIR to a folder on another disk. Nothing was kept of the attempt.',
    cause: error,
  });
}
