import { z } from 'zod';
import { AppError } from '../core/errors.ts';

export const backupKinds = ['full', 'incremental'] as const;
export type BackupKind = (typeof backupKinds)[number];

/**
 * What a sealed blob of a backup holds. `dump`: pg_dump's custom format. `base`: pg_basebackup's tar, gzipped, whole or only what
 * changed since the parent; `base_manifest`: PostgreSQL's own list of its files, which the next incremental one starts from.
 * `cluster`: the files of the embedded database, as a gzipped tar.
 */
export const partRoles = ['dump', 'base', 'base_manifest', 'cluster'] as const;
export type PartRole = (typeof partRoles)[number];

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();

const part = z.object({
  role: z.enum(partRoles),
  blob: z.string(),
  /** Of the sealed bytes, as they lie in the store. */
  bytes: count,
  sha256,
});
export type Part = z.infer<typeof part>;

const table = z.object({ rows: count, digest: z.string() });

const manifest = z.object({
  version: z.literal(1),
  name: z.string(),
  kind: z.enum(backupKinds),
  /** The incremental one's predecessor; null for a full one. */
  parent: z.string().nullable(),
  /** What a restore brings back is the database as of this moment (UTC). */
  takenAt: time,
  finishedAt: time,
  server: z.object({ version: z.string(), major: count, database: z.string() }),
  /** Major version of the program that wrote the parts; one as new is needed to read them. */
  toolMajor: count,
  /** Number of the newest migration. */
  schemaVersion: count,
  /** Login roles that the restored objects speak of. */
  roles: z.array(z.string()),
  lsn: z.string().nullable(),
  parts: z.array(part).min(1),
  /** By `schema.table`, counted in the snapshot that was dumped; empty for an incremental one. */
  tables: z.record(z.string(), table),
});
export type Manifest = z.infer<typeof manifest>;

/** Undefined for a text that is no manifest of this release. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    return manifest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const nameForm = /^zava_backup_(full|incremental)_(\d{8})_(\d{6})$/;

/** For example `zava_backup_full_20261126_020000`, in UTC. */
export function backupName(kind: BackupKind, atMs: number): string {
  const digits = new Date(atMs).toISOString().replace(/\D/g, '');
  return `zava_backup_${kind}_${digits.slice(0, 8)}_${digits.slice(8, 14)}`;
}

export const isBackupName = (text: string): boolean => nameForm.test(text);

export function requireBackupName(text: string): string {
  if (isBackupName(text)) return text;
  throw new AppError('invalid_input', `${JSON.stringify(text)} is not the name of a backup`, {
    hint: 'zava-mcp-server backup list shows the names.',
  });
}

export const bytesOf = ({ parts }: Manifest): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);
export const partOf = ({ parts }: Manifest, role: PartRole): Part | undefined => parts.find((known) => known.role === role);
