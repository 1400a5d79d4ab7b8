import type { AuditRecord } from './record.ts';

/**
 * Refusals by what they were, for the time in which they cannot be kept one by one: anybody can cause them in any number, and
 * nothing was done in them. Their counts are recorded afterwards.
 */
export function createRefusalCounts() {
  const counts = new Map<string, { count: number; readonly first: AuditRecord; last: AuditRecord }>();
  return {
    add(record: AuditRecord): void {
      const kind = `${record.action} ${record.error_code}`;
      const known = counts.get(kind);
      if (known === undefined) counts.set(kind, { count: 1, first: record, last: record });
      else Object.assign(known, { count: known.count + 1, last: record });
    },
    take(): AuditRecord[] {
      const records = [...counts.values()].map(({ count, first, last }) => ({
        occurred_at: last.occurred_at,
        action: 'refusals_counted',
        outcome: 'refused' as const,
        ...(first.error_code === undefined ? {} : { error_code: first.error_code }),
        detail: { refused: first.action, count, since: first.occurred_at },
      }));
      counts.clear();
      return records;
    },
  };
}
