import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/audit/canonical-json.ts';
import { auditRecord, isAuditable } from '../../src/audit/record.ts';
import { createRefusalCounts } from '../../src/audit/refusal-counts.ts';
import type { Observation } from '../../src/core/observation.ts';
import { mask } from '../../src/telemetry/mask.ts';

const record = (event: Observation) =>
  auditRecord(event, { occurredAtMs: 1_790_000_000_123, fingerprint: (sql) => `fp(${sql.length})`, mask });
const at = '2026-09-21T14:13:20.123000Z';

describe('what is recorded', () => {
  test('a tool call: who, for which tenants, what statement, how it ended, and no word of the SQL', () => {
    const found = record({
      kind: 'tool_called',
      requestId: 'r1',
      subject: 'sam',
      roles: ['store_manager'],
      tenantIds: [2],
      tool: 'execute_sales_query',
      outcome: 'answered',
      durationMs: 3.6,
      statement: "SELECT 'secret literal'",
      rowCount: 7,
    });
    expect(found).toEqual({
      occurred_at: at,
      request_id: 'r1',
      subject: 'sam',
      roles: ['store_manager'],
      store_ids: [2],
      tool: 'execute_sales_query',
      action: 'tool_call',
      outcome: 'answered',
      statement_fingerprint: 'fp(23)',
      row_count: 7,
      duration_ms: 4,
    });
  });

  test.each([
    ['unauthenticated', 'authentication'],
    ['forbidden', 'authorization'],
    ['insufficient_scope', 'authorization'],
    ['rate_limited', 'rate_limit'],
  ] as const)('a request refused as %s', (code, action) => {
    const event: Observation = {
      kind: 'request_refused',
      requestId: 'r',
      code,
      httpStatus: 401,
      message: 'token abc',
      peer: '10.0.0.9',
    };
    expect(isAuditable(event)).toBe(true);
    expect(record(event)).toEqual({
      occurred_at: at,
      request_id: 'r',
      action,
      outcome: 'refused',
      error_code: code,
      detail: { http_status: 401, peer: '10.0.0.9' },
    });
  });

  test.each<[Observation, object]>([
    [
      { kind: 'session_opened', requestId: 'r', subject: 'sam', tenantIds: [3], peer: '10.0.0.9' },
      { action: 'dashboard_login', request_id: 'r', subject: 'sam', store_ids: [3], detail: { peer: '10.0.0.9' } },
    ],
    [
      { kind: 'session_closed', requestId: 'r', subject: 'sam' },
      { action: 'dashboard_logout', request_id: 'r', subject: 'sam' },
    ],
    [
      { kind: 'scope_narrowed', requestId: 'r', subject: 'sam', tenantIds: [3] },
      { action: 'scope_narrowing', request_id: 'r', subject: 'sam', store_ids: [3] },
    ],
    [
      { kind: 'task_asked', requestId: 'r', subject: 'sam', method: 'tasks/get', outcome: 'answered', callId: 'c' },
      { action: 'task_access', outcome: 'answered', subject: 'sam', detail: { method: 'tasks/get', call: 'c' } },
    ],
    [
      { kind: 'task_asked', requestId: 'r', subject: 'sam', method: 'tasks/cancel', outcome: 'refused', code: 'not_found' },
      { action: 'task_cancellation', outcome: 'refused', error_code: 'not_found', detail: { method: 'tasks/cancel' } },
    ],
    [
      {
        kind: 'access_refused',
        requestId: 'r',
        step: 'scope',
        code: 'forbidden',
        message: 'x',
        subject: 'sam',
        peer: '10.0.0.9',
      },
      {
        action: 'authorization',
        outcome: 'refused',
        request_id: 'r',
        subject: 'sam',
        error_code: 'forbidden',
        detail: { step: 'scope', peer: '10.0.0.9' },
      },
    ],
    [
      { kind: 'tokens_revoked', by: 'jti', value: 'j1', reason: 'lost' },
      { action: 'token_revocation', detail: { by: 'jti', value: 'j1', reason: 'lost' } },
    ],
    [
      { kind: 'tokens_revoked', by: 'subject', value: 'jane@example.com', reason: 'left' },
      { action: 'token_revocation', subject: 'jane@example.com', detail: { by: 'subject', reason: 'left' } },
    ],
    [
      { kind: 'schema_migrated', by: 'zava_owner', version: 4, name: 'audit' },
      { action: 'migration', detail: { version: 4, name: 'audit' } },
    ],
    [
      { kind: 'backup_taken', by: 'op', name: 'b1' },
      { action: 'backup', outcome: 'done', detail: { name: 'b1' } },
    ],
    [
      { kind: 'backup_restored', by: 'op', name: 'b1', failed: 'internal' },
      { action: 'restore', outcome: 'failed', error_code: 'internal' },
    ],
    [
      { kind: 'keys_rotated', by: 'op', purpose: 'scope', keyId: 'k2' },
      { action: 'key_rotation', detail: { purpose: 'scope', rotated: 'k2' } },
    ],
  ])('%j', (event, expected) => {
    expect(isAuditable(event)).toBe(true);
    expect(record(event)).toMatchObject(expected);
  });
});

describe('what is not', () => {
  test.each<Observation>([
    { kind: 'request_refused', requestId: 'r', code: 'not_found', httpStatus: 404, message: 'x' },
    { kind: 'request_refused', requestId: 'r', code: 'unauthenticated', httpStatus: 401, message: 'x', noted: true },
    { kind: 'access_refused', requestId: 'r', step: 'revocation', code: 'dependency_unavailable', message: 'x' },
    { kind: 'fault_met', where: 'x', error: new Error('x') },
    { kind: 'slow_query', fingerprint: 'f', text: 'SELECT ?', durationMs: 1, rowCount: 1 },
    { kind: 'server_started', transport: 'http', version: '1' },
    { kind: 'server_stopped', reason: 'x' },
    { kind: 'claims_ignored', subject: 's', claims: [] },
  ])('$kind', (event) => {
    expect(isAuditable(event)).toBe(false);
    expect(record(event)).toBeUndefined();
  });

  test('secrets in a detail', () => {
    const found = record({ kind: 'tokens_revoked', by: 'jti', value: 'j1', reason: 'Bearer abcdef leaked by jane@example.com' });
    expect(found?.detail).toEqual({ by: 'jti', value: 'j1', reason: 'Bearer *** leaked by ***' });
  });
});

test('whatever a caller sends, the record is one that PostgreSQL can store', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 900 }), fc.double(), (text, number) => {
      const found = record({
        kind: 'tool_called',
        requestId: `${text}\0\ud800`,
        subject: text,
        tool: 't',
        outcome: 'answered',
        durationMs: number,
        rowCount: 2 ** 40,
      });
      expect(found?.request_id).not.toMatch(/\0/);
      expect(found?.request_id).toBe(Buffer.from(found?.request_id ?? '').toString());
      expect(found?.subject?.length).toBeLessThanOrEqual(501);
      expect(Number.isInteger(found?.duration_ms)).toBe(true);
      expect(found?.row_count).toBe(2_147_483_647);
    }),
  );
});

describe('canonical JSON', () => {
  test('keys are sorted by bytes, blanks and nulls are left out, lists keep their order', () => {
    expect(canonicalJson({ b: [2, null, 1], ａ: 1, 𝒜: 2, aa: { z: null, y: true }, c: null, d: undefined, B: 'ü' })).toBe(
      '{"B":"ü","aa":{"y":true},"b":[2,null,1],"ａ":1,"𝒜":2}',
    );
  });

  test('is JSON, and the order in which members were added does not show', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.string()))),
        (value) => {
          const turned = Object.fromEntries(Object.entries(value).reverse());
          expect(canonicalJson(turned as Json)).toBe(canonicalJson(value as Json));
          expect(JSON.parse(canonicalJson(value as Json))).toEqual({ ...value });
        },
      ),
    );
  });
});

test('refusals are counted by what they were', () => {
  const counts = createRefusalCounts();
  const refused = (occurred_at: string, action: string, error_code?: string) =>
    counts.add({ occurred_at, action, outcome: 'refused', ...(error_code && { error_code }) });
  refused('1', 'authentication', 'unauthenticated');
  refused('2', 'authorization', 'forbidden');
  refused('3', 'authentication', 'unauthenticated');
  refused('4', 'odd');
  expect(counts.take()).toEqual([
    {
      occurred_at: '3',
      action: 'refusals_counted',
      outcome: 'refused',
      error_code: 'unauthenticated',
      detail: { refused: 'authentication', count: 2, since: '1' },
    },
    {
      occurred_at: '2',
      action: 'refusals_counted',
      outcome: 'refused',
      error_code: 'forbidden',
      detail: { refused: 'authorization', count: 1, since: '2' },
    },
    { occurred_at: '4', action: 'refusals_counted', outcome: 'refused', detail: { refused: 'odd', count: 1, since: '4' } },
  ]);
  expect(counts.take()).toEqual([]);
});
