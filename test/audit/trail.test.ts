import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAppend } from '../../src/audit/append.ts';
import { createAuditBuffer } from '../../src/audit/buffer.ts';
import { type Checkpoint, createCheckpointer } from '../../src/audit/checkpoint.ts';
import { exportAudit, verifyExport } from '../../src/audit/export.ts';
import { auditRecord } from '../../src/audit/record.ts';
import { readTrail } from '../../src/audit/trail.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { mask } from '../../src/telemetry/mask.ts';
import { collected, sampleRecord, tamper, testSigner, verifyTestSignature } from '../support/audit.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

const renumbered = (id: string, which: string) => `
  CREATE TEMP TABLE held AS SELECT * FROM audit.events WHERE ${which};
  DELETE FROM audit.events WHERE ${which};
  UPDATE held SET event_id = ${id};
  INSERT INTO audit.events OVERRIDING SYSTEM VALUE SELECT * FROM held;
  DROP TABLE held`;

onEveryDatabase('the audit trail', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  beforeEach(() => tamper(db.admin, 'TRUNCATE audit.events RESTART IDENTITY'));
  afterAll(() => db.close());

  const append = (count: number, from = 1) =>
    createAppend(db.database)(Array.from({ length: count }, (_, index) => sampleRecord(from + index)));
  const verify = (checkpoints: readonly Checkpoint[] = []) =>
    verifyAudit({ records: readTrail(db.owner), checkpoints, verifySignature: verifyTestSignature });
  const checkpointed = async (head: string, at = Date.parse('2026-08-01')): Promise<Checkpoint> => {
    const kept: Checkpoint[] = [];
    const store = { append: async (one: Checkpoint) => void kept.push(one), readAll: async () => kept };
    const clock = { now: () => at, monotonic: () => 0 };
    await createCheckpointer({ head: () => head, store, signer: testSigner, clock, onFailure: () => {} }).close();
    return kept[0]!;
  };

  test('what the server appends, anybody can recompute', async () => {
    await append(3);
    const head = await append(2, 4);
    expect(await verify([await checkpointed(head)])).toEqual({ events: 5, lastHash: head, lastEventId: '5', checkpoints: 1 });
    expect(await collected(readTrail(db.owner))).toMatchObject([1, 2, 3, 4, 5].map(sampleRecord));
  });

  test('both sides write the same canonical JSON, whatever is in a record', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 30 });
    const event: fc.Arbitrary<Observation> = fc.record({
      kind: fc.constant('tool_called' as const),
      requestId: word,
      subject: word,
      roles: fc.array(word, { maxLength: 3 }),
      tenantIds: fc.array(fc.integer({ min: -9, max: 99 }), { maxLength: 3 }),
      tool: word,
      outcome: fc.constant('answered' as const),
      durationMs: fc.double(),
      rowCount: fc.integer(),
    });
    const made = fc
      .sample(event, 150)
      .map((one) => auditRecord(one, { occurredAtMs: 1_790_000_000_123, fingerprint: () => 'f', mask })!);
    const details = fc.sample(
      fc.dictionary(
        word.map((text) => text.replaceAll('\0', '').toString()),
        fc.oneof(word, fc.boolean(), fc.integer()),
      ),
      150,
    );
    const stripped = JSON.parse(
      Buffer.from(
        JSON.stringify(details)
          .replaceAll('\\u0000', '')
          .replace(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g, ''),
      ).toString(),
    );
    await createAppend(db.database)(made.map((record, index) => ({ ...record, detail: stripped[index] })));
    expect(await verify()).toMatchObject({ events: 150 });
    expect((await verify()).fault).toBeUndefined();
  });

  test('the server may append and nothing else', async () => {
    await append(1);
    await expect(db.database.query('SELECT 1 FROM audit.events')).rejects.toThrow();
    await expect(db.owner.query('DELETE FROM audit.events')).rejects.toThrow(/append-only/);
    await expect(db.owner.query("UPDATE audit.events SET subject = 'nobody'")).rejects.toThrow(/append-only/);
    await expect(db.owner.script('TRUNCATE audit.events')).rejects.toThrow(/append-only/);
  });

  describe('a superuser who switches the triggers off is found out', () => {
    test.each([
      [
        'altering a record',
        "UPDATE audit.events SET subject = 'somebody else' WHERE event_id = 3",
        { kind: 'altered', eventId: '3' },
      ],
      [
        'altering a detail',
        `UPDATE audit.events SET detail = '{"a":false}' WHERE event_id = 3`,
        { kind: 'altered', eventId: '3' },
      ],
      [
        'moving a record in time',
        "UPDATE audit.events SET occurred_at = occurred_at + interval '1 microsecond' WHERE event_id = 3",
        { kind: 'altered', eventId: '3' },
      ],
      ['deleting a record', 'DELETE FROM audit.events WHERE event_id = 3', { kind: 'removed', eventId: '2' }],
      ['deleting the first record', 'DELETE FROM audit.events WHERE event_id = 1', { kind: 'removed' }],
      ['exchanging two records', renumbered('7 - event_id', 'event_id IN (3, 4)'), { kind: 'reordered', eventId: '3' }],
      [
        'inserting a record',
        `${renumbered('event_id * 10', 'true')};
         INSERT INTO audit.events (event_id, occurred_at, action, outcome, prev_hash, row_hash) OVERRIDING SYSTEM VALUE
         SELECT 25, occurred_at, 'tool_call', 'answered', row_hash, sha256('made up') FROM audit.events WHERE event_id = 20`,
        { kind: 'altered', eventId: '25' },
      ],
    ])('%s', async (_name, statement, fault) => {
      await append(5);
      await tamper(db.admin, statement);
      expect((await verify()).fault).toMatchObject(fault);
    });

    test.each([
      ['cutting the tail off', 'DELETE FROM audit.events WHERE event_id > 2'],
      ['emptying the table', 'TRUNCATE audit.events'],
    ])('%s', async (_name, statement) => {
      const early = await checkpointed(await append(2), Date.parse('2026-07-04'));
      const late = await checkpointed(await append(3, 3));
      await tamper(db.admin, statement);
      expect((await verify()).fault).toBeUndefined();
      expect((await verify([early, late])).fault).toMatchObject({ kind: 'truncated' });
    });

    test('writing the tail anew by the rules', async () => {
      const early = await checkpointed(await append(2), Date.parse('2026-07-04'));
      const late = await checkpointed(await append(3, 3), Date.parse('2026-07-06'));
      await tamper(db.admin, 'DELETE FROM audit.events WHERE event_id > 2');
      await append(4, 5);
      expect((await verify()).fault).toBeUndefined();
      expect((await verify([early, late])).fault).toMatchObject({ kind: 'rewritten', eventId: '2' });
    });
  });

  test('an export of the table is verified offline', async () => {
    await append(4);
    const lines = await collected(
      exportAudit({ records: readTrail(db.owner), exportedAt: '2026-08-01T00:00:00.000Z', signer: testSigner }),
    );
    async function* read() {
      yield* lines;
    }
    expect(await verifyExport({ lines: read(), verifySignature: verifyTestSignature })).toMatchObject({
      events: 4,
      lastEventId: '4',
    });
  });

  test('events of a running server come to the table, in batches', async () => {
    const fingerprint = (sql: string) => createHash('sha256').update(sql).digest('hex');
    const buffer = createAuditBuffer({
      append: createAppend(db.database),
      fingerprint,
      mask,
      clock: systemClock,
      onOutage: () => {},
      onUnwritten: () => {},
    });
    for (let index = 0; index < 1200; index += 1) {
      buffer.push({
        kind: 'tool_called',
        requestId: String(index),
        subject: 's',
        tool: 't',
        outcome: 'answered',
        durationMs: 1,
        statement: 'SELECT 1',
      });
    }
    await buffer.close();
    expect(await verify()).toMatchObject({ events: 1200, lastHash: buffer.head() });
  });

  test('a longer trail is read page by page', async () => {
    for (let from = 0; from < 4000; from += 1000) await append(1000, from);
    expect(await verify()).toMatchObject({ events: 4000 });
    const after = { eventId: '3990', hash: '' };
    expect(await collected(readTrail(db.owner, after))).toHaveLength(10);
  });
});
