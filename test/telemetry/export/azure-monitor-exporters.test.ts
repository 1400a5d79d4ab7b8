import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createAzureMonitorExporters } from '../../../src/telemetry/export/azure-monitor-exporters.ts';
import { openExport } from '../../../src/telemetry/export/open-export.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { certificate } from '../../vault/key-vault-stand-in.ts';

/** Stands in for the ingestion of Application Insights: takes what it is sent. */
const received: { name: string; data: { baseData: Record<string, unknown> } }[] = [];
const { key, cert } = certificate();
const server = createServer({ key, cert }, async (request: IncomingMessage, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
  const items = text.startsWith('[') ? JSON.parse(text) : text.split('\n').map((line) => JSON.parse(line));
  received.push(...items);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ itemsReceived: items.length, itemsAccepted: items.length, errors: [] }));
});

beforeAll(async () => {
  // The exporter's own statistics would go to Microsoft.
  vi.stubEnv('APPLICATION_INSIGHTS_NO_STATSBEAT', 'true');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('spans and metrics arrive as Application Insights has them', async () => {
  const { port } = server.address() as AddressInfo;
  const instrumentation = '00000000-0000-4000-8000-000000000000';
  const exporters = [
    createAzureMonitorExporters(`InstrumentationKey=${instrumentation};IngestionEndpoint=https://localhost:${port}/`, {
      ca: cert,
    }),
  ];
  const store = createMetricStore();
  store.add('errors_total', 2, 'internal');
  const service = { name: 'test', version: '1', instance: 'i' };
  const sent = openExport({ exporters, samples: store.samples, databaseName: 'zava', service, clock: { now: () => Date.now() } });
  const statement = { outcome: 'answered', rowCount: 1, durationMs: 1, endedAt: Date.now(), content: undefined } as const;
  const call = { tool: 'execute_sales_query', code: undefined, durationMs: 2, endedAt: Date.now(), content: undefined };
  const end = { kind: 'request_answered', requestId: 'r', transport: 'http', method: 'tools/call', outcome: 'answered' } as const;
  sent.request({ requestId: 'r', statements: [statement], call, end: { ...end, durationMs: 3 }, endedAt: Date.now() });
  await sent.close();
  const names = received.map(({ name, data }) => `${name.split('.').at(-1)} ${data.baseData.name ?? ''}`);
  expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^Request/), expect.stringMatching(/^RemoteDependency/)]));
  expect(JSON.stringify(received)).toContain('errors_total');
});
