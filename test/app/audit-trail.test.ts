import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditCheckpoints, openAuditTrail } from '../../src/app/audit-trail.ts';
import { recordNow } from '../../src/app/record-now.ts';
import { readTrail } from '../../src/audit/trail.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Observation } from '../../src/core/observation.ts';
import { createHeadSigner } from '../../src/vault/head-signer.ts';
import { createKeyRing, type KeyRing } from '../../src/vault/key-ring.ts';
import { tamper } from '../support/audit.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';

const ringOf = (...ids: string[]) => createKeyRing(ids.map((id, index) => ({ id, key: Buffer.alloc(32, index + ids.length) })));
let dataDir = '';
let told: Observation[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'zava-audit-'));
  told = [];
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const call = (requestId: string, more: object = {}): Observation => ({
  kind: 'tool_called',
  requestId,
  subject: 'jane@example.com',
  roles: ['store_manager'],
  tenantIds: [1],
  tool: 'execute_sales_query',
  outcome: 'answered',
  durationMs: 3.4,
  statement: "SELECT * FROM customers WHERE last_name = 'Nightingale'",
  rowCount: 2,
  ...more,
});
const open = (database: TestDatabase['database'], more: { ring?: () => KeyRing; lasting?: boolean } = {}) =>
  openAuditTrail({
    config: { dataDir },
    database,
    ring: () => ringOf('k1'),
    clock: systemClock,
    log: (observation) => told.push(observation),
    ...more,
  });
const away = { query: async () => Promise.reject(new Error('connection refused')) } as unknown as TestDatabase['database'];
const faults = () => told.flatMap((each) => (each.kind === 'fault_met' ? [[each.where, String(each.error)]] : []));

onEveryDatabase('the audit trail of a process', (tier) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await tier.open();
  });
  beforeEach(() => tamper(db.admin, 'TRUNCATE audit.events RESTART IDENTITY'));
  afterAll(() => db.close());

  test('holds who asked what, for which tenants, and how it ended; the statement by its fingerprint', async () => {
    const trail = await open(db.database);
    trail.admit();
    trail.note(call('r1'));
    trail.note(call('r2', { outcome: 'refused', code: 'query_rejected', statement: 'DROP TABLE orders', rowCount: undefined }));
    trail.note({
      kind: 'access_refused',
      requestId: 'r3',
      step: 'token',
      code: 'unauthenticated',
      message: 'no',
      peer: '10.0.0.9',
    });
    trail.note({ kind: 'server_started', transport: 'http', version: '1' });
    await trail.close();
    const rows = await db.owner.query(
      `SELECT request_id, subject, roles::text, store_ids::text, tool, action, outcome, error_code, statement_fingerprint AS print,
         row_count::text, duration_ms::text, detail::text FROM audit.events WHERE request_id IS NOT NULL ORDER BY event_id`,
    );
    const asked = { subject: 'jane@example.com', roles: '{store_manager}', store_ids: '{1}', tool: 'execute_sales_query' };
    expect(rows).toMatchObject([
      { request_id: 'r1', ...asked, action: 'tool_call', outcome: 'answered', row_count: '2', duration_ms: '3' },
      { request_id: 'r2', ...asked, action: 'tool_call', outcome: 'refused', error_code: 'query_rejected', row_count: null },
      { request_id: 'r3', action: 'authentication', outcome: 'refused', error_code: 'unauthenticated', subject: null },
    ]);
    expect(rows.map(({ print }) => print)).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
      null,
    ]);
    const [all] = await db.owner.query('SELECT string_agg(e::text, chr(10)) AS text FROM audit.events e');
    expect(all?.text).not.toMatch(/Nightingale|DROP/);
    expect(told.map(({ kind }) => kind)).toEqual(['tool_called', 'tool_called', 'access_refused', 'server_started']);
  });

  test('is verified by its signed heads, also after the key that signed was followed by another', async () => {
    let ring = ringOf('k1');
    const first = await open(db.database, { ring: () => ring });
    first.note(call('r1'));
    await first.close();
    const second = await open(db.database, { ring: () => ring });
    ring = createKeyRing([
      { id: 'k2', key: Buffer.alloc(32, 9) },
      { id: 'k1', key: Buffer.alloc(32, 1) },
    ]);
    second.note(call('r2'));
    await second.close();
    const checkpoints = await auditCheckpoints({ dataDir }).readAll();
    expect(checkpoints.map(({ key }) => key)).toEqual(['k1', 'k2']);
    const verifySignature = createHeadSigner(ring).verify;
    const verdict = await verifyAudit({ records: readTrail(db.owner), checkpoints, verifySignature });
    expect(verdict).toMatchObject({ checkpoints: 2 });
    expect(verdict.fault).toBeUndefined();
  });

  test('signs no heads of a database that is forgotten with the process', async () => {
    const trail = await open(db.database, { lasting: false });
    trail.note(call('r1'));
    await trail.close();
    expect(await auditCheckpoints({ dataDir }).readAll()).toEqual([]);
    expect(await db.owner.query("SELECT 1 AS one FROM audit.events WHERE request_id = 'r1'")).toHaveLength(1);
  });

  test('takes what a command did at once', async () => {
    await recordNow(db.owner, systemClock, [
      { kind: 'keys_rotated', by: 'root', purpose: 'tenant scopes', keyId: 'k9' },
      { kind: 'server_stopped', reason: 'not for the trail' },
    ]);
    const rows = await db.owner.query("SELECT subject, detail::text FROM audit.events WHERE action = 'key_rotation'");
    expect(rows.map(({ subject, detail }) => [subject, JSON.parse(detail ?? '')])).toEqual([
      ['root', { purpose: 'tenant scopes', rotated: 'k9' }],
    ]);
  });

  test('writes what the server before could not, once', async () => {
    const trail = await open(away);
    trail.note(call('r1'));
    await trail.close();
    for (const requestId of ['r2', 'r3']) {
      const later = await open(db.database);
      later.note(call(requestId));
      await later.close();
    }
    const rows = await db.owner.query("SELECT request_id FROM audit.events WHERE request_id ~ '^r' ORDER BY event_id");
    expect(rows.map(({ request_id }) => request_id).toSorted()).toEqual(['r1', 'r2', 'r3']);
    expect(await readdir(join(dataDir, 'audit'))).toEqual(['heads.jsonl']);
  });
});

describe('while the database does not take it', () => {
  test('events wait, the operator is told once, and a stop keeps them on disk', async () => {
    const trail = await open(away);
    trail.admit();
    for (const requestId of ['r1', 'r2']) trail.note(call(requestId));
    await trail.close();
    const path = join(dataDir, 'audit', 'unwritten.jsonl');
    const kept = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(kept.map(({ request_id }) => request_id)).toEqual(['r1', 'r2']);
    expect(JSON.stringify(kept)).not.toContain('Nightingale');
    expect(faults()).toEqual([
      ['audit partitions', 'Error: connection refused'],
      ['audit', 'Error: connection refused'],
      ['audit', `Error: The database did not take the last 2 audit records: they wait in ${path}`],
    ]);
  });

  test('calls are refused once no more can wait', async () => {
    const trail = await open(away);
    for (let index = 0; index < 10_000; index += 1) trail.note(call(`r${index}`));
    expect(() => trail.admit()).toThrow(expect.objectContaining({ code: 'overloaded' }));
    await trail.close();
  });

  test('a disk that takes nothing either is told, too', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    const trail = await openAuditTrail({
      config: { dataDir: file },
      database: away,
      ring: () => ringOf('k1'),
      clock: systemClock,
      log: (observation) => told.push(observation),
    });
    trail.note(call('r1'));
    await trail.close();
    expect(faults().at(-1)?.[1]).toContain('The last 1 audit records are lost');
  });
});
