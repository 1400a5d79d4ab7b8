import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stateOf } from '../security/as-role.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Keys in the order of their UTF-8 bytes, no blanks, no nulls. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

const zeroHash = '0'.repeat(64);

onEveryDatabase('The audit trail', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());

  const append = async (...events: Json[]) =>
    (
      await db.database.query("SELECT encode(audit.append($1::jsonb[]), 'hex') AS head", [
        events.map((event) => JSON.stringify(event)),
      ])
    )[0]?.head;
  const event = (changes: { [key: string]: Json } = {}): Json => ({
    occurred_at: '2026-03-04T05:06:07.123456Z',
    action: 'tool_call',
    outcome: 'answered',
    ...changes,
  });

  /** The chain as anyone can recompute it from the stored columns alone. */
  const verify = async () => {
    const rows = await db.owner.query(
      `SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at, request_id, subject,
         to_jsonb(roles)::text AS roles, to_jsonb(store_ids)::text AS store_ids, tool, action, outcome, error_code,
         statement_fingerprint, row_count, duration_ms, detail::text AS detail,
         encode(prev_hash, 'hex') AS prev, encode(row_hash, 'hex') AS hash FROM audit.events ORDER BY event_id`,
    );
    let head = zeroHash;
    for (const { prev, hash, roles, store_ids, row_count, duration_ms, detail, ...texts } of rows) {
      expect(prev).toBe(head);
      const parsed = (text: string | null | undefined) => JSON.parse(text ?? 'null') as Json;
      const body = canonical({
        ...(texts as { [key: string]: Json }),
        roles: parsed(roles),
        store_ids: parsed(store_ids),
        row_count: parsed(row_count),
        duration_ms: parsed(duration_ms),
        detail: parsed(detail),
      });
      expect(hash).toBe(createHash('sha256').update(Buffer.from(head, 'hex')).update(body).digest('hex'));
      head = hash ?? '';
    }
    return { head, count: rows.length };
  };

  test('starts its chain at zero and returns the head', async () => {
    expect(await append()).toBe(zeroHash);
    const head = await append(event());
    expect(await verify()).toEqual({ head, count: 1 });
  });

  test('can be recomputed from its columns, whatever stands in them', async () => {
    const head = await append(
      event({
        request_id: 'r1',
        subject: 'anna',
        roles: ['store_manager', 'x'],
        store_ids: [1, 3],
        tool: 't',
        row_count: 5,
        duration_ms: 12,
      }),
      event({ roles: [], store_ids: [], error_code: 'forbidden', detail: {} }),
      event({ roles: null, subject: null, detail: null }),
      event({ subject: 'quote " back \\ slash / tab \t newline \n \u0001 \u007f \u2028 ä 漢 😀', statement_fingerprint: 'f' }),
      event({ detail: { ä: 1, z: { b: [1, { y: null, x: 'x' }, []], a: 15 }, '😀': true, '\uffee': false, aa: 0, B: -3 } }),
      event({ occurred_at: '2026-03-04T05:06:07+02:00' }),
    );
    expect(await verify()).toEqual({ head, count: 7 });
  });

  test('keeps the order of a batch', async () => {
    const before = (await verify()).count;
    const head = await append(...Array.from({ length: 50 }, (_, index) => event({ row_count: index })));
    expect(await verify()).toEqual({ head, count: before + 50 });
    const rows = await db.owner.query('SELECT row_count FROM audit.events ORDER BY event_id DESC LIMIT 50');
    expect(rows.map((row) => Number(row.row_count)).reverse()).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test('keeps one chain when many append at once', async () => {
    const before = (await verify()).count;
    const heads = await Promise.all(Array.from({ length: 12 }, (_, index) => append(event({ subject: `s${index}` }), event())));
    const after = await verify();
    expect(after.count).toBe(before + 24);
    expect(heads).toContain(after.head);
    expect(new Set(heads).size).toBe(12);
  });

  test('keeps nothing of a batch with a bad event in it', async () => {
    const before = await verify();
    await expect(append(event(), { action: 'a', outcome: 'b' })).rejects.toThrow();
    await expect(append(event({ action: null }))).rejects.toThrow();
    expect(await verify()).toEqual(before);
  });

  test('hashes what is stored, whatever else an event held', async () => {
    const before = (await verify()).count;
    const head = await append(
      event({
        unknown: 'column',
        event_id: 7,
        row_hash: 'forged',
        prev_hash: 'forged',
        request_id: 12,
        tool: true,
        detail: null,
      }),
      event({ roles: 'store_manager', store_ids: { a: 1 }, row_count: '3', detail: { n: 1e3, z: -0 } }),
    );
    expect(await verify()).toEqual({ head, count: before + 2 });
  });

  test.each([
    ['a fraction', { detail: { a: [0.5] } }],
    ['a number that JSON readers round', { detail: { a: 2 ** 60 } }],
    ['a time before there were servers', { occurred_at: '1999-12-31T00:00:00Z' }],
    ['an endless time', { occurred_at: 'infinity' }],
  ] as [string, { [key: string]: Json }][])('refuses %s, which could not be verified afterwards', async (_what, changes) => {
    const before = await verify();
    await expect(append(event(changes))).rejects.toThrow();
    expect(await verify()).toEqual(before);
  });

  test('refuses a writer whose snapshot is older than the head', async () => {
    const append = `BEGIN ISOLATION LEVEL REPEATABLE READ;
      SELECT audit.append(ARRAY['{"occurred_at":"2026-03-04T05:06:07Z","action":"a","outcome":"b"}'::jsonb]); COMMIT`;
    await expect(db.owner.script(append)).rejects.toMatchObject({ code: '25000' });
    await db.owner.script('ROLLBACK');
  });

  test('has a partition for this month and the three that follow, and makes more when asked', async () => {
    const months = async () =>
      (await db.owner.query("SELECT relname FROM pg_class WHERE relname ~ '^events_[0-9]{4}_[0-9]{2}$' ORDER BY relname")).map(
        ({ relname }) => relname,
      );
    const first = await months();
    expect(first).toHaveLength(4);
    const [row] = await db.database.query("SELECT array_to_string(audit.ensure_months(5), ',') AS made");
    expect(await months()).toEqual([...first, ...(row?.made ?? '').split(',')]);
    expect((row?.made ?? '').split(',')).toHaveLength(2);
    await append(event({ occurred_at: new Date().toISOString() }));
    const [{ partition } = {}] = await db.owner.query(
      'SELECT tableoid::regclass::text AS partition FROM audit.events ORDER BY event_id DESC LIMIT 1',
    );
    expect(partition).toBe(`audit.${first[0]}`);
    for (const month of await months())
      await expect(db.owner.query(`TRUNCATE audit.${month}`)).rejects.toMatchObject({ code: '42501' });
  });

  test('leaves a month where it is whose first events came before its partition', async () => {
    const later = `date_trunc('month', now() AT TIME ZONE 'UTC') + interval '20 months 3 days'`;
    const [{ at } = {}] = await db.owner.query(`SELECT to_char(${later}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at`);
    await append(event({ occurred_at: at ?? '' }));
    const [row] = await db.database.query('SELECT audit.ensure_months(21) AS made');
    expect(row?.made).toMatch(/events_/);
    expect(row?.made).not.toContain(`events_${at?.slice(0, 7).replace('-', '_')}`);
    await expect(db.database.query('SELECT audit.ensure_months(25)')).rejects.toThrow();
  });

  test.each(['audit.events', 'audit.events_rest'])('refuses UPDATE, DELETE and TRUNCATE of %s to every role', async (table) => {
    const roles = ['owner', 'server', 'operator', 'reader', 'reader_costs', 'reader_pii', 'reader_costs_pii'];
    for (const role of roles)
      for (const sql of [`UPDATE ${table} SET outcome = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
        expect([role, sql, await stateOf(db, role, sql)]).toEqual([role, sql, '42501']);
    for (const sql of [`UPDATE ${table} SET outcome = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
      await expect(db.admin.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  test('finds its head by an index, however long it is', async () => {
    await db.admin.script('SET enable_seqscan = off');
    const rows = await db.admin.query('EXPLAIN SELECT row_hash FROM audit.events ORDER BY event_id DESC LIMIT 1');
    await db.admin.script('RESET enable_seqscan');
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Scan Backward/);
  });
});
