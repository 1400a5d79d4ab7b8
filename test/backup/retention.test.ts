import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backupName, type Manifest } from '../../src/backup/manifest.ts';
import { expiredBackups } from '../../src/backup/retention.ts';

const policy = { days: 30, months: 12 };
const hour = 3_600_000;
const day = 24 * hour;

type Known = Pick<Manifest, 'name' | 'kind' | 'parent' | 'takenAt'>;
const full = (atMs: number): Known => ({
  name: backupName('full', atMs),
  kind: 'full',
  parent: null,
  takenAt: new Date(atMs).toISOString(),
});
const incremental = (atMs: number, parent: Known): Known => ({
  ...{ name: backupName('incremental', atMs), kind: 'incremental', parent: parent.name },
  takenAt: new Date(atMs).toISOString(),
});

test('two years of daily backups leave a month of them and the last of each of twelve months before', () => {
  let kept: Known[] = [];
  const start = Date.UTC(2025, 0, 1, 2);
  for (let index = 0; index < 730; index += 1) {
    const now = start + index * day;
    kept.push(full(now));
    const expired = new Set(expiredBackups(kept, now, policy));
    kept = kept.filter((one) => !expired.has(one));
  }
  const now = start + 729 * day;
  const recent = kept.filter(({ takenAt }) => Date.parse(takenAt) > now - 30 * day);
  expect(recent).toHaveLength(30);
  expect(kept.slice(0, -30).map(({ takenAt }) => takenAt.slice(0, 10))).toEqual([
    ...['2025-12-31', '2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31'],
    ...['2026-06-30', '2026-07-31', '2026-08-31', '2026-09-30', '2026-10-31', '2026-11-30'],
  ]);
});

test('the newest full backup stays, however old it is', () => {
  const old = full(Date.UTC(2020, 0, 1));
  const older = full(Date.UTC(2019, 0, 1));
  expect(expiredBackups([old, older], Date.UTC(2026, 0, 1), policy)).toEqual([older]);
});

test('whatever the schedule was: nothing young goes, no chain breaks, and there is a full backup while there was one', () => {
  const taken = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 40 * 24 }), isFull: fc.boolean() }), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(taken, fc.integer({ min: 1, max: 60 }), (history, days) => {
      let now = Date.UTC(2024, 0, 1);
      const backups: Known[] = [];
      for (const { gap, isFull } of history) {
        now += gap * hour;
        const last = backups.at(-1);
        backups.push(isFull || last === undefined ? full(now) : incremental(now, last));
      }
      const expired = new Set(expiredBackups(backups, now, { days, months: 12 }).map(({ name }) => name));
      const kept = backups.filter(({ name }) => !expired.has(name));
      const names = new Set(kept.map(({ name }) => name));
      expect(kept.filter(({ parent }) => parent !== null && !names.has(parent))).toEqual([]);
      expect(backups.filter(({ name, takenAt }) => expired.has(name) && Date.parse(takenAt) > now - days * day)).toEqual([]);
      expect(kept.some(({ kind }) => kind === 'full')).toBe(true);
    }),
  );
});
