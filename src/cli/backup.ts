import { type BackupPlace, openBackupPlace } from '../app/backups/backup-store.ts';
import { type BackupJobs, backsUpEmbedded, createBackupJobs } from '../app/backups/backups.ts';
import { restoreEmbedded } from '../app/backups/embedded-backups.ts';
import { recordBackups, recordVerified } from '../app/backups/record-backups.ts';
import { restoreBase } from '../app/backups/restore-base.ts';
import { restoreConnection, restoreIntoServer } from '../app/backups/server-backups.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { openKeys } from '../app/secrets.ts';
import type { Waiting } from '../backup/backup-source.ts';
import { chosen, type DrillReport } from '../backup/drill.ts';
import { type BackupKind, bytesOf, type Manifest, partOf } from '../backup/manifest.ts';
import { verifyBackups } from '../backup/verify.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import type { KeyRing } from '../vault/key-ring.ts';
import { account } from './account.ts';
import { exitCodes } from './exit-code.ts';
import { openLastingDatabase } from './open-database.ts';
import { printJson, tell } from './output.ts';
import { createProgressBar } from './progress-bar.ts';
import { stoppable } from './stoppable.ts';

interface Json {
  readonly json?: boolean;
}

export async function createBackup({ kind, json }: Json & { readonly kind: BackupKind }): Promise<number> {
  const made = await withJobs((jobs, waiting) => jobs.takeBackup(kind, waiting));
  if (json) printJson(summaryOf(made));
  tell(`${made.name}: ${bytesOf(made)} bytes, sealed, uploaded and read back. It holds the data as of ${made.takenAt}.`);
  return exitCodes.done;
}

/** What is there, and what of it cannot be restored: then the exit code says so as well. */
export async function listBackups({ json }: Json): Promise<number> {
  const { catalogue } = await ownPlace(loadConfig({ serving: 'nothing' }));
  const { backups, broken } = await catalogue.list();
  if (json) printJson({ place: catalogue.place, backups: backups.map(summaryOf), broken });
  for (const one of backups) {
    tell(`${one.name}  ${one.takenAt}  ${bytesOf(one)} bytes${one.parent === null ? '' : `  builds on ${one.parent}`}`);
  }
  for (const { name, reason } of broken) tell(`BROKEN  ${name}: ${reason}`);
  tell(`${backups.length} backups in ${catalogue.place}.`);
  return broken.length === 0 ? exitCodes.done : exitCodes.failed;
}

/** Every byte of one backup and of what it builds on, or of all. Needs no database. */
export async function verifyBackup(name: string | undefined, { json }: Json): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const place = await ownPlace(config);
  const verdicts = await stoppable((signal) => withProgress(signal, (waiting) => verifyBackups({ ...place, ...waiting, name })));
  if (json) printJson({ place: place.catalogue.place, verdicts });
  for (const { name, passed, detail } of verdicts) tell(`${passed ? 'passed' : 'FAILED'}  ${name}: ${detail}`);
  const recorded = await recordVerified(
    config,
    verdicts.flatMap(({ name: one, passed }) => (passed ? [one] : [])),
  );
  if (!recorded) tell('The database was not told: metrics keep the verification before.');
  if (verdicts.length === 0) tell(`There are no backups in ${place.catalogue.place}.`);
  return verdicts.length > 0 && verdicts.every(({ passed }) => passed) ? exitCodes.done : exitCodes.failed;
}

export interface RestoreFlags extends Json {
  readonly to?: string;
  readonly toDirectory?: string;
  readonly replace?: boolean;
}

export async function restoreBackup(name: string | undefined, flags: RestoreFlags): Promise<number> {
  if ((flags.to === undefined) === (flags.toDirectory === undefined)) {
    throw new AppError('invalid_input', 'Say where to restore to: --to <url> or --to-directory <folder>');
  }
  if (flags.replace && flags.to === undefined) throw new AppError('invalid_input', '--replace belongs to --to');
  const config = loadConfig({ serving: 'nothing' });
  const place = await ownPlace(config);
  const manifest = await chosen(place.catalogue, name);
  const begun = systemClock.monotonic();
  const observed = { kind: 'backup_restored', by: account(), name: manifest.name } as const;
  try {
    await stoppable((signal) => withProgress(signal, (waiting) => restore(config, place, manifest, flags, waiting)));
  } catch (error) {
    await recordBackups(config, [{ ...observed, failed: error instanceof AppError ? error.code : 'internal' }]);
    throw error;
  }
  await recordBackups(config, [observed]);
  const seconds = Math.round((systemClock.monotonic() - begun) / 100) / 10;
  if (flags.json) printJson({ restored: manifest.name, takenAt: manifest.takenAt, seconds });
  tell(`Restored ${manifest.name} with the data as of ${manifest.takenAt}, in ${seconds} s.`);
  tell(
    flags.to === undefined
      ? 'Start a server on that folder, then: zava-mcp-server prove'
      : 'Next: zava-mcp-server migrate, then prove.',
  );
  return exitCodes.done;
}

async function restore(
  config: Config,
  place: BackupPlace,
  manifest: Manifest,
  flags: RestoreFlags,
  waiting: Waiting,
): Promise<void> {
  const { to, toDirectory = '', replace = false } = flags;
  if (to !== undefined) {
    return restoreIntoServer({ config, place, manifest, connection: restoreConnection(config, to), replace }, waiting);
  }
  return partOf(manifest, 'cluster') === undefined
    ? restoreBase(config, place, manifest, toDirectory, waiting)
    : restoreEmbedded({ config, served: await loadServedSchema(config) }, place, manifest, toDirectory, waiting.signal);
}

export async function drillBackup(name: string | undefined, { json }: Json): Promise<number> {
  const report = await withJobs((jobs, waiting) => jobs.drill(waiting, name));
  if (json) printJson(report);
  tellDrill(report);
  return report.passed ? exitCodes.done : exitCodes.failed;
}

function tellDrill(report: DrillReport): void {
  tell(`Restore test of ${report.backup}: ${report.passed ? 'PASSED' : 'FAILED'}`);
  tell(`RPO  ${report.rpoSeconds} s: what was changed since then would be lost`);
  tell(`RTO  ${report.rtoSeconds} s to a database that answers; ${report.checkSeconds} s more to compare and prove it`);
  tell(`${report.tables} tables with ${report.rows} rows compared`);
  for (const fault of report.faults) tell(`FAULT  ${fault}`);
}

export async function pruneBackups({ json }: Json): Promise<number> {
  const removed = await withJobs((jobs, waiting) => jobs.applyRetention(waiting));
  if (json) printJson({ removed });
  for (const name of removed) tell(`removed  ${name}`);
  tell(`${removed.length} backups had expired.`);
  return exitCodes.done;
}

/** Opens what a job needs, and puts what it did into the audit trail, however it ends. */
async function withJobs<T>(work: (jobs: BackupJobs, waiting: Waiting) => Promise<T>): Promise<T> {
  const config = loadConfig({ serving: 'nothing' });
  const served = await loadServedSchema(config);
  return stoppable(async (signal) => {
    const embedded = backsUpEmbedded(config) ? await openLastingDatabase(config, { signal }) : undefined;
    const keys = await openKeys(config, () => {});
    keys.close();
    const noted: Observation[] = [];
    const jobs = createBackupJobs({
      ...{ config, served, clock: systemClock, by: account() },
      note: (observation) => noted.push(observation),
      ring: keys.encryptionKeys,
      signingKey: keys.scopeKey,
      ...(embedded && { embedded }),
    });
    try {
      return await withProgress(signal, (waiting) => work(jobs, waiting));
    } finally {
      await recordBackups(config, noted, embedded);
      await embedded?.database.close();
    }
  });
}

async function withProgress<T>(signal: AbortSignal, work: (waiting: Waiting) => Promise<T>): Promise<T> {
  const bar = createProgressBar(process.stderr);
  return work({ signal, onProgress: bar.update }).finally(bar.end);
}

async function ownPlace(config: Config): Promise<BackupPlace> {
  return openBackupPlace(config, await ownRing(config));
}

async function ownRing(config: Config): Promise<() => KeyRing> {
  const keys = await openKeys(config, () => {});
  keys.close();
  return keys.encryptionKeys;
}

const summaryOf = (manifest: Manifest) => ({
  ...{ name: manifest.name, kind: manifest.kind, parent: manifest.parent, takenAt: manifest.takenAt },
  ...{ bytes: bytesOf(manifest), schemaVersion: manifest.schemaVersion, server: manifest.server, parts: manifest.parts },
  rows: Object.fromEntries(Object.entries(manifest.tables).map(([table, { rows }]) => [table, rows])),
});
