import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { runVerb, startVerb } from './command-line.ts';
import { anyInstallation, type Installation } from './installation.ts';

let own: Installation;
let receiver: Receiver;
// In development the proof waits for the first answers.
const serving = { ENVIRONMENT: 'test', DEV_ISSUER: 'true', EMBEDDER: 'none' };
beforeAll(async () => {
  own = await anyInstallation('zavaalerts');
}, 120_000);
afterAll(() => own.remove());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

interface Table {
  readonly sections: readonly { readonly title: string; readonly rows: readonly (readonly (string | number | null)[])[] }[];
}

describe('a server over HTTP', () => {
  test('shows its operators every rule, and what is known of it', async () => {
    const verb = startVerb(['serve', '--transport', 'http', '--port', '0'], { ...own.env, ...serving });
    await expect.poll(verb.stderr, { interval: 20, timeout: 30_000 }).toContain('Ctrl-C stops the server');
    const [, url = ''] = /answers at (\S+)\./.exec(verb.stderr()) ?? [];
    const [, , token] = [...verb.stderr().matchAll(/Bearer ([\w.-]+)/g)].map(([, found = '']) => found);
    const states = async () => {
      const answer = await fetch(new URL('/dashboard/alerts', url), { headers: { Authorization: `Bearer ${token}` } });
      const { sections } = (await answer.json()) as Table;
      return Object.fromEntries((sections[0]?.rows ?? []).map(([rule, , state]) => [rule, state]));
    };
    // Looked up right after the start, the proof of isolation among them; the trail is verified by night.
    await expect.poll(states, { interval: 100, timeout: 60_000 }).toMatchObject({
      ...{ database_down: 'quiet', high_memory: 'quiet', isolation_broken: 'quiet', breaker_open: 'quiet' },
      ...{ audit_chain: 'unknown', backup_stale: 'unknown' },
    });
    verb.signal('SIGTERM');
    expect((await verb.done).code).toBe(0);
  }, 120_000);

  test('whose isolation is broken tells a webhook and stops serving', async () => {
    await own.asAdministrator((session) =>
      session.script(`CREATE POLICY extra ON retail.orders FOR SELECT TO ${own.prefix}_reader USING (true)`),
    );
    const env = { ...own.env, ...serving, ALERT_WEBHOOK_URL: receiver.url };
    const { code, stderr } = await runVerb(['serve', '--transport', 'http', '--port', '0'], env);
    await own.asAdministrator((session) => session.script('DROP POLICY extra ON retail.orders'));
    expect(code).toBe(1);
    expect(stderr).toContain('"event":"server_stopped","reason":"a proof of isolation that failed"');
    expect(receiver.received.map(({ body }) => body.alerts[0].labels)).toMatchObject([
      { alertname: 'isolation_broken', severity: 'critical' },
    ]);
  }, 120_000);
});
