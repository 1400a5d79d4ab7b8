import type { Catalogue } from './catalogue.ts';
import type { Manifest } from './manifest.ts';

export interface RetentionPolicy {
  /** Everything younger is kept. */
  readonly days: number;
  /** Of each of so many calendar months (UTC) before the present one, the last full backup is kept. */
  readonly months: number;
}

type Known = Pick<Manifest, 'name' | 'kind' | 'parent' | 'takenAt'>;

const dayMs = 86_400_000;

/** Which backups may go. A kept one never loses what it builds on, and the newest full one always stays. */
export function expiredBackups<T extends Known>(backups: readonly T[], nowMs: number, { days, months }: RetentionPolicy): T[] {
  const newestFirst = backups.toSorted((a, b) => b.takenAt.localeCompare(a.takenAt));
  const full = newestFirst.filter(({ kind }) => kind === 'full');
  const kept = new Set<T>(newestFirst.filter(({ takenAt }) => Date.parse(takenAt) > nowMs - days * dayMs));
  const lastOfMonth = (month: string) => full.find(({ takenAt }) => takenAt.startsWith(month));
  for (const one of [full[0], ...monthsBefore(nowMs, months).map(lastOfMonth)]) if (one !== undefined) kept.add(one);
  const byName = new Map(backups.map((one) => [one.name, one]));
  for (const one of [...kept]) {
    for (let parent = parentOf(one, byName); parent !== undefined && !kept.has(parent); parent = parentOf(parent, byName)) {
      kept.add(parent);
    }
  }
  return newestFirst.filter((one) => !kept.has(one));
}

function parentOf<T extends Known>({ parent }: T, byName: ReadonlyMap<string, T>): T | undefined {
  return parent === null ? undefined : byName.get(parent);
}

/** `2026-11` and so on, the present month first. */
function monthsBefore(nowMs: number, count: number): string[] {
  const now = new Date(nowMs);
  return Array.from({ length: count + 1 }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

export interface ApplyRetentionOptions {
  readonly catalogue: Catalogue;
  readonly policy: RetentionPolicy;
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRemoved?: (name: string) => void | Promise<void>;
}

/** Removes what has expired, newest first: what builds on a backup goes before it. Returns the names. */
export async function applyRetention(options: ApplyRetentionOptions): Promise<string[]> {
  const { catalogue, policy, nowMs, signal, onRemoved } = options;
  const removed: string[] = [];
  for (const one of expiredBackups((await catalogue.list()).backups, nowMs, policy)) {
    signal?.throwIfAborted();
    await catalogue.remove(one);
    await onRemoved?.(one.name);
    removed.push(one.name);
  }
  await catalogue.sweep(nowMs);
  return removed;
}
