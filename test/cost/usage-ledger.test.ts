import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CallUsage } from '../../src/core/call-usage.ts';
import type { Observation } from '../../src/core/observation.ts';
import { measureUsage } from '../../src/cost/measure-usage.ts';
import { createUsageLedger, type UsageLedgerOptions } from '../../src/cost/usage-ledger.ts';
import { forgetUsage, readUsage } from '../../src/cost/usage-report.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { handClock } from '../support/hand-clock.ts';

const day = 86_400_000;
const used = (changes: Partial<CallUsage> = {}): CallUsage => ({
  queries: 1,
  databaseMs: 10,
  cacheHits: 0,
  warmHits: 0,
  savedMs: 0,
  answerBytes: 100,
  embeddingTokens: 0,
  ...changes,
});
const call = (tenantIds: readonly number[], tool: string, usage?: CallUsage, more: object = {}): Observation => ({
  ...{ kind: 'tool_called', requestId: 'r', subject: 'jane@example.com', roles: ['store_manager'], tenantIds, tool },
  ...{ outcome: 'answered', durationMs: 20, rowCount: 5, statement: 'SELECT secret', usage, ...more },
});

onEveryDatabase('accounts of usage', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());
  beforeEach(async () => {
    await db.owner.query('DELETE FROM ops.tool_usage');
  });
  const clock = handClock(Date.UTC(2026, 10, 22, 12));
  const open = (changes: Partial<UsageLedgerOptions> = {}) =>
    createUsageLedger({ session: db.database, clock, note: () => {}, cpuMs: () => 0, ...changes });

  test('add up by tenant and tool, over processes and flushes; callers who see several tenants have a line of their own', async () => {
    const [one, other] = [open(), open()];
    one.note(call([1], 'sql', used()));
    one.note(call([1], 'sql', used({ cacheHits: 1, warmHits: 1, savedMs: 30, databaseMs: 0 })));
    one.note(call([1], 'search', used({ embeddingTokens: 7 })));
    one.note(call([1, 2], 'sql', used()));
    one.note(call([], 'date', undefined));
    other.note(call([1], 'sql', used(), { outcome: 'failed', rowCount: undefined }));
    await Promise.all([one.flush(), other.flush()]);
    one.note(call([1], 'sql', used()));
    await Promise.all([one.close(), other.close()]);
    const { usage, cache, from, to } = await readUsage(db.database, 1, clock.now());
    expect([from, to]).toEqual(['2026-11-22', '2026-11-22']);
    expect(usage).toMatchObject([
      { tenant_id: 0, tool: 'sql', calls: 1 },
      { tenant_id: 0, tool: 'date', calls: 1, bytes: 0 },
      {
        tenant_id: 1,
        tool: 'sql',
        calls: 4,
        failed: 1,
        rows: 15,
        bytes: 400,
        database_ms: 30,
        saved_ms: 30,
        cache_hits: 1,
        queries: 4,
      },
      { tenant_id: 1, tool: 'search', calls: 1, embedding_tokens: 7 },
    ]);
    expect(cache).toEqual({ queries: 6, hits: 1, warm_hits: 1, hit_rate: 1 / 6, hit_rate_without_warming: 0, saved_ms: 30 });
  });

  test('hold no subject and no statement', async () => {
    const ledger = open();
    ledger.note(call([1], 'sql', used()));
    await ledger.close();
    const [row] = await db.owner.query('SELECT to_jsonb(u)::text AS everything FROM ops.tool_usage u');
    expect(row?.everything).not.toMatch(/jane|secret|manager/);
  });

  test('share the CPU time of the process equally among the calls of the interval', async () => {
    let cpu = 500;
    const ledger = open({ cpuMs: () => cpu });
    ledger.note(call([1], 'sql', used()));
    ledger.note(call([2], 'sql', used()));
    ledger.note(call([2], 'sql', used()));
    cpu = 560;
    await ledger.close();
    const { usage } = await readUsage(db.database, 1, clock.now());
    expect(usage.map(({ cpu_ms }) => cpu_ms)).toEqual([20, 40]);
  });

  test('what the database did not take is kept with its day, noted once, and written later', async () => {
    let away = true;
    const faults: Observation[] = [];
    const time = handClock(Date.UTC(2026, 10, 22, 23, 59));
    const session: UsageLedgerOptions['session'] = {
      query: (text, values) => (away ? Promise.reject(new Error('away')) : db.database.query(text, values)),
    };
    const ledger = open({ session, clock: time, note: (fault) => faults.push(fault) });
    ledger.note(call([1], 'sql', used()));
    await ledger.flush();
    time.advance(2 * 60_000);
    ledger.note(call([1], 'sql', used()));
    await ledger.flush();
    expect(faults).toMatchObject([{ kind: 'fault_met', where: 'usage accounts' }]);
    away = false;
    await ledger.close();
    const rows = await db.owner.query('SELECT day::text, calls::text FROM ops.tool_usage ORDER BY day');
    expect(rows).toEqual([
      { day: '2026-11-22', calls: '1' },
      { day: '2026-11-23', calls: '1' },
    ]);
  });

  test('are bounded: beyond so many pairs of tenant and tool calls are booked together', async () => {
    const ledger = open({ mostEntries: 3 });
    for (let tenant = 1; tenant <= 10; tenant += 1) ledger.note(call([tenant], 'sql', used()));
    await ledger.close();
    const { usage } = await readUsage(db.database, 1, clock.now());
    expect(usage).toHaveLength(4);
    expect(usage).toContainEqual(expect.objectContaining({ tenant_id: 0, tool: 'other', calls: 7 }));
  });

  test('are let go after their time', async () => {
    const old = open({ clock: handClock(clock.now() - 11 * day) });
    old.note(call([1], 'sql', used()));
    await old.close();
    const ledger = open();
    ledger.note(call([1], 'sql', used()));
    await ledger.close();
    expect((await readUsage(db.database, 12, clock.now())).usage[0]?.calls).toBe(2);
    expect((await readUsage(db.database, 11, clock.now())).usage[0]?.calls).toBe(1);
    expect(await forgetUsage(db.database, 10, clock.now())).toBe(1);
    expect((await readUsage(db.database, 400, clock.now())).usage[0]?.calls).toBe(1);
  });

  test('make a month of what was used, as far as there is anything', async () => {
    const measure = () =>
      measureUsage({ session: db.database, nowMs: clock.now(), replicas: 3, embeddingIsPaid: true, backupsInBlobStorage: true });
    const before = await measure();
    expect(Object.keys(before).sort()).toEqual(['postgres_storage_gb', 'replicas']);
    expect(Number(before.postgres_storage_gb?.value)).toBeGreaterThan(0.005);
    const ledger = open();
    for (let calls = 0; calls < 12; calls += 1) ledger.note(call([1], 'sql', used({ answerBytes: 1e9, embeddingTokens: 10 })));
    await ledger.close();
    // Half a day so far: a month of 730 hours has 60.8 of them.
    const after = await measure();
    expect(after.requests).toMatchObject({ value: 730, basis: 'measured' });
    expect(after.egress_gb?.value).toBeCloseTo(730, 6);
    expect(after.embedding_tokens?.value).toBe(7300);
    expect(after).not.toHaveProperty('blob_gb');
    await db.owner.query(
      `INSERT INTO ops.backups (name, kind, started_at, bytes, location, outcome) VALUES ('b', 'full', now(), 2000000000, 'x', 'done')`,
    );
    expect((await measure()).blob_gb).toMatchObject({ value: 2, basis: 'measured' });
  });

  test('of a local model and a local folder cost nothing, and the estimate says why', async () => {
    const inputs = await measureUsage({
      ...{ session: db.database, nowMs: clock.now(), replicas: 1, embeddingIsPaid: false, backupsInBlobStorage: false },
    });
    expect(inputs).toMatchObject({
      embedding_tokens: { value: 0, from: expect.stringContaining('EMBEDDER') },
      blob_gb: { value: 0, from: expect.stringContaining('BACKUP_TARGET') },
      blob_writes: { value: 0 },
    });
  });
});
