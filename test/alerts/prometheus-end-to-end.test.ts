import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { prometheusRules } from '../../src/alerts/prometheus-rules.ts';
import { alertRules } from '../../src/alerts/rules.ts';
import { freePort } from '../../src/app/server-workers.ts';
import { createMetricStore } from '../../src/telemetry/metrics/metric-store.ts';
import { prometheusContentType, prometheusText } from '../../src/telemetry/metrics/prometheus-text.ts';
import { startReceiver } from '../support/receiver.ts';

const binaries = { prometheus: '/usr/bin/prometheus', alertmanager: '/usr/bin/prometheus-alertmanager' };
const installed = Object.values(binaries).every((path) => existsSync(path)) || process.env.CI === 'true';
const toEnd: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).reverse()) await end();
});

function run(path: string, args: readonly string[]): ChildProcess {
  const child = spawn(path, args, { stdio: 'ignore' });
  toEnd.push(async () => {
    if (child.exitCode !== null || !child.kill('SIGTERM')) return;
    const lastResort = setTimeout(() => child.kill('SIGKILL'), 5000);
    await once(child, 'exit');
    clearTimeout(lastResort);
  });
  return child;
}

/** What the server exports, in the server's own words, with a breaker in the test's hand. */
async function exporter() {
  const store = createMetricStore();
  store.set('circuit_breaker_state', 0, 'database');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': prometheusContentType }).end(prometheusText(store.samples()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  toEnd.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { store, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.runIf(installed)('Prometheus and Alertmanager', () => {
  test('tell a webhook of an induced fault, and of its end', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zava-prometheus-'));
    toEnd.push(() => rm(folder, { recursive: true, force: true }));
    const { store, address } = await exporter();
    const receiver = await startReceiver();
    toEnd.push(receiver.close);
    const [web, alerting] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
    // As in the rules of the server, with a second for every two minutes.
    await writeFile(join(folder, 'rules.yml'), prometheusRules({ rules: alertRules(), speedUp: 120 }));
    const targets = (...of: string[]) => [{ targets: of }];
    const prometheus = {
      global: { scrape_interval: '200ms', scrape_timeout: '200ms', evaluation_interval: '1s' },
      rule_files: ['rules.yml'],
      alerting: { alertmanagers: [{ static_configs: targets(`127.0.0.1:${alerting}`) }] },
      scrape_configs: [{ job_name: 'zava', static_configs: targets(address) }],
    };
    const alertmanager = {
      route: { receiver: 'hook', group_by: ['alertname'], group_wait: '100ms', group_interval: '500ms', repeat_interval: '1h' },
      receivers: [{ name: 'hook', webhook_configs: [{ url: `${receiver.url}/alerts`, send_resolved: true }] }],
    };
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(prometheus));
    await writeFile(join(folder, 'alertmanager.yml'), JSON.stringify(alertmanager));
    run(binaries.alertmanager, [
      ...[`--config.file=${folder}/alertmanager.yml`, `--storage.path=${folder}/alertmanager`],
      ...[`--web.listen-address=127.0.0.1:${alerting}`, '--cluster.listen-address='],
    ]);
    run(binaries.prometheus, [
      ...[`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`],
      `--web.listen-address=127.0.0.1:${web}`,
    ]);
    const told = () =>
      receiver.received.map(
        ({ body }) => `${body.status} ${body.alerts[0].labels.alertname} ${body.alerts[0].labels.dependency}`,
      );
    const scraped = async () => {
      const answer = await fetch(`http://127.0.0.1:${web}/api/v1/query?query=circuit_breaker_state`).catch(() => undefined);
      return JSON.stringify(await answer?.json());
    };
    await expect.poll(scraped, { interval: 100, timeout: 30_000 }).toContain('"dependency":"database"');
    expect(told()).toEqual([]);

    store.set('circuit_breaker_state', 2, 'database');
    await expect.poll(told, { interval: 100, timeout: 30_000 }).toEqual(['firing breaker_open database']);
    expect(receiver.received[0]?.body.alerts[0]).toMatchObject({
      labels: { severity: 'high' },
      annotations: { summary: 'A dependency keeps failing and is left alone.' },
    });
    store.set('circuit_breaker_state', 0, 'database');
    await expect
      .poll(told, { interval: 100, timeout: 30_000 })
      .toEqual(['firing breaker_open database', 'resolved breaker_open database']);
  }, 120_000);
});
