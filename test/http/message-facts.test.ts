import { expect, test } from 'vitest';
import { messageFacts } from '../../src/http/message-facts.ts';

test('a message is told by its method, id and revision, never by what it asks', () => {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  const body = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 't', arguments: { sql: 'SELECT 4711' }, _meta } };
  const facts = messageFacts({}, body);
  expect(facts).toMatchObject({ method: 'tools/call', rpcId: 7, protocolVersion: '2026-07-28' });
  expect(JSON.stringify(facts)).not.toContain('4711');
  expect(messageFacts({ 'mcp-protocol-version': '2025-11-25' }, { id: 'x' })).toMatchObject({
    protocolVersion: '2025-11-25',
    rpcId: 'x',
  });
});

test('names that a caller made long are cut: a thousand of them are kept', () => {
  const long = 'x'.repeat(100_000);
  const facts = messageFacts({ 'mcp-protocol-version': long }, { id: long, method: long });
  expect(JSON.stringify(facts).length).toBeLessThan(300);
});

test.each([undefined, null, 7, 'text', [], { params: 7 }, { params: { _meta: 'x' } }, { method: {}, id: {} }])(
  'a body that is %j says nothing',
  (body) => {
    expect(Object.values(messageFacts({}, body)).filter((value) => value !== undefined)).toEqual([]);
  },
);
