import { afterEach, beforeEach, expect, test } from 'vitest';
import { startAlerting } from '../../../src/app/alerting/alerting.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createMetricStore } from '../../../src/telemetry/metrics/metric-store.ts';
import { createMetricsSink } from '../../../src/telemetry/metrics/metrics-sink.ts';
import { createReadings } from '../../../src/telemetry/metrics/readings.ts';
import { handClock } from '../../support/hand-clock.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

test('calls that fail by our doing are told of once, and so is their end; a few of them wake nobody', async () => {
  const clock = handClock();
  const store = createMetricStore();
  const readings = createReadings({ store, clock });
  const count = createMetricsSink(store);
  const alerting = startAlerting({
    config: loadConfig({}, { ALERT_WEBHOOK_URL: receiver.url }),
    database: { query: async () => Promise.reject(new Error('connection refused')) },
    readings,
    facts: { facts: () => [], look: async () => {}, close: () => {} },
    clock,
    note: () => {},
    onIsolationBroken: () => {},
  });
  /** Requests of a quarter of a minute, of which so many end in an error. */
  const serve = async (quarters: number, failing: number) => {
    for (let turn = 0; turn < quarters; turn += 1) {
      for (let call = 0; call < 50; call += 1) {
        const asked = { requestId: `${turn}-${call}`, durationMs: 5 };
        // A tool's failure is an answer.
        count({ ...asked, kind: 'request_answered', transport: 'http', method: 'tools/call', outcome: 'answered' });
        if (call < failing) {
          count({
            ...asked,
            kind: 'tool_called',
            subject: 'jane',
            tool: 'execute_sales_query',
            outcome: 'failed',
            code: 'internal',
          });
        }
      }
      readings.take();
      clock.advance(15_000);
      await alerting.evaluate();
    }
  };
  const told = () => receiver.received.map(({ body }) => `${body.status} ${body.alerts[0].labels.alertname}`);
  await serve(60, 2);
  expect(told()).toEqual([]);
  await serve(60, 10);
  await expect.poll(told).toEqual(['firing high_error_rate']);
  await serve(60, 0);
  await expect.poll(told).toEqual(['firing high_error_rate', 'resolved high_error_rate']);
  await alerting.close();
  readings.close();
});
