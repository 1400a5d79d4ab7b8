import type { AuditSession } from './append.ts';
import type { ChainedRecord } from './chain.ts';

/** Place in the trail after which reading starts. */
export interface Position {
  readonly eventId: string;
  readonly hash: string;
}

const pageSize = 2000;

/**
 * The trail in the order of appending, page by page, read by a login that may SELECT it (operator or owner). Times, arrays and
 * details come as the text that was hashed, whatever the session's settings are.
 */
export async function* readTrail(session: AuditSession, after?: Position): AsyncGenerator<ChainedRecord> {
  let last = after?.eventId ?? '0';
  for (;;) {
    const rows = await session.query(
      `SELECT e.event_id::text AS event_id, encode(e.prev_hash, 'hex') AS prev_hash, encode(e.row_hash, 'hex') AS row_hash,
         to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at, e.request_id, e.subject,
         to_json(e.roles)::text AS roles, to_json(e.store_ids)::text AS store_ids, e.tool, e.action, e.outcome, e.error_code,
         e.statement_fingerprint, e.row_count::text AS row_count, e.duration_ms::text AS duration_ms, e.detail::text AS detail
       FROM audit.events e WHERE e.event_id > $1 ORDER BY e.event_id LIMIT ${pageSize}`,
      [last],
    );
    for (const row of rows) yield fromRow(row);
    const end = rows.at(-1)?.event_id;
    if (rows.length < pageSize || end == null) return;
    last = end;
  }
}

const parsed: ReadonlySet<string> = new Set(['roles', 'store_ids', 'row_count', 'duration_ms', 'detail']);

function fromRow(row: Record<string, string | null>): ChainedRecord {
  const columns = Object.entries(row).flatMap(([name, text]) =>
    text === null ? [] : [[name, parsed.has(name) ? JSON.parse(text) : text] as const],
  );
  return Object.fromEntries(columns) as unknown as ChainedRecord;
}
