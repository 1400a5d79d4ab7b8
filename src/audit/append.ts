import type { AuditRecord } from './record.ts';

/** The part of a database session that the audit trail needs. */
export interface AuditSession {
  query(text: string, values?: readonly (string | number)[]): Promise<Record<string, string | null>[]>;
}

/** One statement a batch: `audit.append` chains the records in their order and gives the new head. */
export function createAppend(session: AuditSession) {
  return async (records: readonly AuditRecord[]): Promise<string> => {
    const [row] = await session.query(
      `SELECT encode(audit.append(ARRAY(
         SELECT e.value FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY e ORDER BY e.ordinality)), 'hex') AS head`,
      [JSON.stringify(records)],
    );
    if (row?.head == null) throw new Error('audit.append gave no head');
    return row.head;
  };
}
