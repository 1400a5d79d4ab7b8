import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { replaceRevision } from '../../../tools/release/replace-revision.mjs';
// @ts-expect-error plain JavaScript, without types
import { smoke } from '../../../tools/smoke.mjs';
import { copyOfPreparedDataDir, removeFolder, type Served, serveHttp, startProduct } from '../../e2e/product.ts';

/** What stands in front of the revisions, as a platform's ingress does: requests go where it was last told. */
async function startSwitch() {
  const state = { target: '', seen: [] as string[] };
  const server = createServer((incoming, response) => {
    state.seen.push(state.target);
    const { method, headers, url = '/' } = incoming;
    const onward = request(new URL(url, state.target), { ...(method && { method }), headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end('nothing answers'));
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

describe('a revision takes the place of the running one', () => {
  const folders: string[] = [];
  let running: Served;
  let next: Served;
  let ingress: Awaited<ReturnType<typeof startSwitch>>;
  const base = (server: Served) => new URL('/', server.url).href;

  beforeAll(async () => {
    ingress = await startSwitch();
    const [one, two] = await Promise.all([copyOfPreparedDataDir(), copyOfPreparedDataDir()]);
    folders.push(one, two);
    // Keys as the tests' data directory has them: a token of one is good for the other.
    [running, next] = await Promise.all([serveHttp({ DATA_DIR: one }), serveHttp({ DATA_DIR: two })]);
  }, 120_000);
  afterAll(async () => {
    ingress.close();
    await Promise.all([running.stop(), next.stop()]);
    await Promise.all(folders.map(removeFolder));
  });
  beforeEach(() => {
    ingress.state.target = base(running);
    ingress.state.seen = [];
    said.length = 0;
    stopped.length = 0;
  });

  const said: string[] = [];
  const stopped: string[] = [];
  const say = (line: string) => said.push(line);

  /** Revisions here are addresses. */
  const platformFor = (address: string, changes: object = {}) => ({
    publicUrl: ingress.url,
    current: async () => base(running),
    migrate: async () => {},
    start: async () => address,
    urlOf: async (revision: string) => revision,
    route: async (revision: string) => {
      ingress.state.target = revision;
    },
    stop: async (revision: string) => {
      stopped.push(revision);
    },
    ...changes,
  });
  const tokenAt = (url: string) =>
    (url === base(next) || ingress.state.target === base(next) ? next : running).callers.store.token;
  const check = (url: string) => smoke({ url, token: tokenAt(url), waitMs: 500, pauseMs: 100 });
  const publicAnswer = () => fetch(new URL('/health/ready', ingress.url)).then(({ status }) => status);

  test('when it answers: traffic moves to it, and the old one ends', async () => {
    const result = await replaceRevision({ platform: platformFor(base(next)), smoke: check, say });
    expect(result).toEqual({ kept: base(next), reason: undefined });
    expect(ingress.state.target).toBe(base(next));
    expect(stopped).toEqual([base(running)]);
    expect(await publicAnswer()).toBe(200);
  });

  test('not when it refuses to start: nobody was ever sent to it', async () => {
    const broken = startProduct(['serve', '--transport', 'http', '--port', '0'], { ENVIRONMENT: 'production' });
    expect((await broken.ended).code).toBe(78);
    const nowhere = 'http://127.0.0.1:9/';
    const { kept, reason } = await replaceRevision({ platform: platformFor(nowhere), smoke: check, say });
    expect(kept).toBe(base(running));
    expect(reason).toContain('is not ready');
    expect(ingress.state.seen).toEqual([]);
    expect(ingress.state.target).toBe(base(running));
    expect(stopped).toEqual([nowhere]);
    expect(await publicAnswer()).toBe(200);
  });

  test('and gives it back when it breaks once it has the traffic', async () => {
    const dying = await serveHttp({ DATA_DIR: folders[1] as string, ENVIRONMENT: 'development' });
    const address = base(dying);
    const killedWhenRouted = {
      route: async (revision: string) => {
        if (revision === address) await dying.stop('SIGKILL');
        ingress.state.target = revision;
      },
    };
    const own = (url: string) => smoke({ url, token: dying.callers.store.token, waitMs: 500, pauseMs: 100 });
    const { kept, reason } = await replaceRevision({ platform: platformFor(address, killedWhenRouted), smoke: own, say });
    expect(kept).toBe(base(running));
    expect(reason).toContain('502');
    expect(ingress.state.seen).toContain(address);
    expect(said.at(-1)).toBe(`routed back to ${base(running)}`);
    expect(await publicAnswer()).toBe(200);
  }, 60_000);

  test('before anything is started, the traffic is pinned and the database migrated', async () => {
    const order: string[] = [];
    const failing = {
      route: async () => void order.push('route'),
      migrate: async () => {
        order.push('migrate');
        throw new Error('the migration failed');
      },
      start: async () => void order.push('start'),
    };
    await expect(replaceRevision({ platform: platformFor('', failing), smoke: check, say })).rejects.toThrow(
      'the migration failed',
    );
    expect(order).toEqual(['route', 'migrate']);
  });

  test('the first one of all has nothing to go back to, and that is said', async () => {
    const first = { current: async () => undefined };
    const { reason } = await replaceRevision({ platform: platformFor('http://127.0.0.1:9/', first), smoke: check, say });
    expect(reason).toContain('there is no previous revision to go back to');
    expect(stopped).toEqual([]);
  });
});
