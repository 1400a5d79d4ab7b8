import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, tiers } from '../../support/databases.ts';
import { type ProductStack, productStack } from '../../support/edge-stack.ts';
import { otlpReceiver } from '../../support/otlp-receiver.ts';
import { type PersonName, testIssuer } from '../../support/people.ts';
import { answerOf, postLegacy } from '../../support/raw-mcp.ts';

const storeKey = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';
const secret = 'hunter2-hunter2';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('What operators see of a server', () => {
  let db: TestDatabase;
  let product: ProductStack;
  let issuer: Awaited<ReturnType<typeof testIssuer>>;
  let receiver: Awaited<ReturnType<typeof otlpReceiver>>;
  beforeAll(async () => {
    db = await tiers[0]!.open();
    issuer = await testIssuer();
    receiver = await otlpReceiver();
    product = await productStack({ db, trusted: issuer.trusted, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } });
  });
  afterAll(async () => {
    await product?.close();
    await receiver?.close();
    await db?.close();
  });

  const get = async (path: string, name?: PersonName) =>
    fetch(`${product.url}${path}`, name && { headers: { Authorization: `Bearer ${await issuer.tokenOf(name)}` } });
  const query = async (sql: string, more: { headers?: Record<string, string>; _meta?: object; on?: ProductStack } = {}) => {
    const { headers, _meta, on = product } = more;
    const call = { name: 'execute_sales_query', arguments: { postgresql_query: sql }, ...(_meta && { _meta }) };
    const token = await issuer.tokenOf('seattle');
    const response = await postLegacy(on.mcpUrl, 'tools/call', call, { token, ...(headers && { headers }) });
    return { requestId: response.headers.get('x-request-id') ?? '', body: await answerOf(response) };
  };

  test.each(['/metrics', '/health/detailed', '/debug/trace?id=x'])('%s is for operators alone', async (path) => {
    const statuses = async (name?: PersonName) => (await get(path, name)).status;
    expect(await statuses()).toBe(401);
    expect(await statuses('seattle')).toBe(403);
    expect(await statuses('headOffice')).toBe(path.includes('x') && path.startsWith('/debug') ? 400 : 200);
    expect((await get(path)).headers.get('www-authenticate')).toMatch(/^Bearer .*resource_metadata=/);
  });

  test('the metrics count what was done, and name nobody', async () => {
    await query(`SELECT count(*) FROM orders -- ${secret}`);
    await query('DELETE FROM orders');
    await postLegacy(product.mcpUrl, 'tools/list', {}, { token: 'bad' });
    const text = await (await get('/metrics', 'operator')).text();
    const value = (series: string) => Number(text.match(new RegExp(`^${series.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm'))?.[1]);
    expect(value('tool_executions_total{tool="execute_sales_query",role="store_manager",outcome="answered"}')).toBe(1);
    expect(value('tool_executions_total{tool="execute_sales_query",role="store_manager",outcome="refused"}')).toBe(1);
    expect(value('query_rejected_total')).toBe(1);
    expect(value('database_queries_total{login="reader",outcome="answered"}')).toBe(1);
    expect(value('auth_failures_total{step="token"}')).toBe(1);
    expect(value('mcp_requests_total{method="tools/call",outcome="answered"}')).toBe(2);
    expect(value('database_pool_size')).toBe(1);
    expect(value('circuit_breaker_state{dependency="database"}')).toBe(0);
    expect(value('system_memory_usage_bytes')).toBeGreaterThan(10_000_000);
    for (const word of [secret, storeKey, 'seattle', 'DELETE', 'SELECT'])
      expect(text.toLowerCase()).not.toContain(word.toLowerCase());
    if (spawnSync('promtool', ['--version']).status === 0) {
      const { stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      expect(stderr).not.toMatch(/error while linting|parse error/);
    }
  });

  test('the health report has four components with their times', async () => {
    const report = (await (await get('/health/detailed', 'operator')).json()) as Record<string, unknown>;
    expect(report).toMatchObject({ overall_status: 'healthy', failed_components: [], timestamp: expect.any(String) });
    const components = report.components as Record<string, { status: string; ms: number }>;
    expect(Object.keys(components)).toEqual(['database', 'ai_service', 'system', 'application']);
    for (const { status, ms } of Object.values(components))
      expect({ status, ms }).toEqual({ status: 'healthy', ms: expect.any(Number) });
    expect(await (await get('/health')).json()).toEqual({ status: 'healthy' });
  });

  test('a trace shows what a request spent its time on, without what it asked', async () => {
    const { requestId } = await query(`SELECT count(*) AS n FROM orders WHERE order_id > 4711 -- ${secret}`);
    const response = await get(`/debug/trace?id=${requestId}`, 'operator');
    const told = await response.text();
    expect(JSON.parse(told)).toMatchObject({
      request_id: requestId,
      spans: {
        name: 'POST /mcp',
        children: [{ name: 'tools/call execute_sales_query', children: [{ name: 'SELECT embedded', rows: 1 }] }],
      },
    });
    expect(told).not.toMatch(/4711|hunter2|order_id/);
    expect((await get('/debug/trace?id=00000000-0000-4000-8000-000000000000', 'operator')).status).toBe(404);
  });

  test('an exported trace continues the caller’s, from the message to the statement, and has no SQL in it', async () => {
    const sent = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const inMessage = { traceparent: `00-${traceId}-aaaaaaaaaaaaaaaa-01` };
    const { requestId } = await query(`SELECT count(*) FROM customers -- password=${secret}`, {
      headers: sent,
      _meta: inMessage,
    });
    const failed = await query('SELECT no_such FROM orders');
    await product.telemetry.flush();
    const mine = receiver.spans.filter((span) => span.traceId === traceId);
    const [http, message, statement] = ['POST /mcp', 'tools/call execute_sales_query', 'SELECT embedded'].map((name) =>
      mine.find((span) => span.name === name),
    );
    expect(http).toMatchObject({ parentId: '00f067aa0ba902b7', kind: 2, status: 0 });
    expect(http?.attributes).toMatchObject({ 'http.request.method': 'POST', 'http.response.status_code': 200 });
    expect(message).toMatchObject({ parentId: 'aaaaaaaaaaaaaaaa', kind: 2, links: [`${traceId} ${http?.spanId}`] });
    expect(message?.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'execute_sales_query',
      'gen_ai.operation.name': 'execute_tool',
      'network.transport': 'tcp',
      'zava_mcp.request.id': requestId,
    });
    expect(statement).toMatchObject({ parentId: message?.spanId, kind: 3 });
    expect(statement?.attributes).toMatchObject({ 'db.system.name': 'postgresql', 'db.response.returned_rows': 1 });
    expect(statement!.startNs).toBeGreaterThanOrEqual(message!.startNs);
    expect(statement!.endNs).toBeLessThanOrEqual(message!.endNs);
    const refused = receiver.spans.find(
      ({ attributes }) => attributes['zava_mcp.request.id'] === failed.requestId && attributes['error.type'],
    );
    expect(refused).toMatchObject({ status: 2, attributes: { 'error.type': 'tool_error' } });
    expect(receiver.resources[0]).toMatchObject({ 'service.name': 'product', 'service.version': '0.0.0-test' });
    for (const word of [secret, 'customers', 'no_such', storeKey]) expect(receiver.wire()).not.toContain(word);
  });

  test('a trace context that is none leaves the call as it is', async () => {
    for (const traceparent of [
      '',
      'x',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `ff-${traceId}-00f067aa0ba902b7-01`,
      'a'.repeat(9000),
    ]) {
      const { body } = await query('SELECT 1 AS one', { _meta: { traceparent } });
      expect(body.result?.structuredContent?.rows).toEqual([[1]]);
    }
  });

  test('metrics go out by OTLP with the names and kinds that /metrics has', async () => {
    await product.telemetry.flush();
    const named = new Map(receiver.metrics.map((metric) => [metric.name, metric]));
    expect(named.get('tool_executions_total')).toMatchObject({ kind: 'sum', unit: '{call}' });
    expect(named.get('tool_execution_duration_seconds')).toMatchObject({ kind: 'histogram', unit: 's' });
    expect(named.get('database_pool_size')).toMatchObject({ kind: 'gauge', points: [{ value: 1 }] });
    expect(named.get('tool_executions_total')?.points[0]?.attributes).toMatchObject({ role: 'store_manager' });
  });

  test('with TRACE_CONTENT what callers wrote is exported, without the secrets in it', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, TRACE_CONTENT: 'true' };
    const curious = await productStack({ db, trusted: issuer.trusted, env });
    const { requestId } = await query(`SELECT product_name FROM products WHERE product_name = 'password=${secret}'`, {
      on: curious,
    });
    const page = await fetch(`${curious.url}/debug/trace?id=${requestId}`, {
      headers: { Authorization: `Bearer ${await issuer.tokenOf('operator')}` },
    });
    expect(await page.text()).not.toContain('product_name');
    await curious.close();
    const asked = receiver.spans.find(
      ({ attributes }) => attributes['zava_mcp.request.id'] === requestId && attributes['gen_ai.tool.name'],
    );
    expect(asked?.attributes['gen_ai.tool.call.arguments']).toContain('product_name');
    expect(receiver.spans.some(({ attributes }) => String(attributes['db.query.text']).includes('product_name'))).toBe(true);
    expect(receiver.wire()).not.toContain(secret);
  });
});
