import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../src/core/observation.ts';
import { listen } from '../../src/http/listen.ts';
import { type HttpPorts, type HttpStack, httpStack } from '../support/mcp-stack.ts';
import { answerOf, postLegacy } from '../support/raw-mcp.ts';

let stack: HttpStack;
const start = async (ports: HttpPorts = {}) => {
  await stack?.close();
  stack = await httpStack(ports);
};
beforeEach(() => start());
afterEach(() => stack.close());

const date = { name: 'get_current_utc_date', arguments: {} };

describe('load and shutdown', () => {
  test('a request beyond the limit is told to come back', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start({
      maxInFlight: 1,
      limit: () => held,
    });
    const first = postLegacy(stack.mcpUrl, 'tools/call', date);
    await expect.poll(() => stack.tenantHeaders.length).toBe(1);
    const second = await postLegacy(stack.mcpUrl, 'tools/call', date);
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await answerOf(second)).error.data.code).toBe('overloaded');
    release();
    expect((await first).status).toBe(200);
  });

  test('shutdown lets a running call finish and takes no new one', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start({ limit: () => held });
    const socket = connect(stack.server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const running = postLegacy(stack.mcpUrl, 'tools/call', date);
    await expect.poll(() => stack.tenantHeaders.length).toBe(1);
    const closed = stack.server.close(5000);
    const late = new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))).once('close', () => resolve('')),
    );
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    expect(await late).toMatch(/^(HTTP\/1\.1 503 |$)/);
    release();
    expect((await running).status).toBe(200);
    await closed;
    await expect(postLegacy(stack.mcpUrl, 'tools/call', date)).rejects.toThrow();
  });

  test('in its grace it answers what comes on connections that it has, each for the last time, and takes no new one', async () => {
    const { port } = stack.server;
    const socket = connect(port, '127.0.0.1');
    let said = '';
    socket.on('data', (data) => {
      said += data;
    });
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const ask = () => socket.write(`GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    ask();
    await expect.poll(() => said).toContain('HTTP/1.1 200 OK');
    const started = performance.now();
    const closed = stack.server.close(5000, 10_000);
    await expect(postLegacy(stack.mcpUrl, 'tools/call', date)).rejects.toThrow();
    said = '';
    ask();
    await ended;
    expect(said).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*Connection: close/i);
    await closed;
    // With nobody left there is nothing to wait for.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('what does not finish by the deadline is cut off', async () => {
    await start({ limit: () => new Promise(() => {}) });
    const running = postLegacy(stack.mcpUrl, 'tools/call', date).catch(() => 'cut off');
    await expect.poll(() => stack.tenantHeaders.length).toBe(1);
    await stack.server.close(50);
    expect(await running).toBe('cut off');
  });

  test('a client that never finishes its headers is cut off', async () => {
    const slow = await listen({ handle: async () => {}, host: '127.0.0.1', port: 0, headersTimeoutMs: 50 });
    const socket = connect(slow.port, '127.0.0.1');
    socket.write('POST /mcp HTTP/1.1\r\nHost: local');
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    await slow.close(100);
  });

  test('a client that does not read its answer is cut off, and one whose answer takes long is not', async () => {
    let cutOff = false;
    const idle = await listen({
      handle: async (request, response) => {
        if (request.url === '/long') await new Promise((resolve) => setTimeout(resolve, 400));
        response.once('close', () => {
          cutOff ||= request.url === '/';
        });
        response.end(request.url === '/long' ? 'at last' : Buffer.alloc(50_000_000));
      },
      host: '127.0.0.1',
      port: 0,
      idleTimeoutMs: 100,
    });
    const deaf = connect(idle.port, '127.0.0.1').on('error', () => {});
    deaf.pause().write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(() => cutOff, { timeout: 5000 }).toBe(true);
    expect(await (await fetch(`${idle.url}/long`)).text()).toBe('at last');
    deaf.destroy();
    await idle.close(100);
  });

  test('connections beyond the limit are closed', async () => {
    const small = await listen({ handle: async () => {}, host: '127.0.0.1', port: 0, maxConnections: 1 });
    const first = connect(small.port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    const second = connect(small.port, '127.0.0.1').on('error', () => {});
    second.resume();
    await new Promise((resolve) => second.once('close', resolve));
    expect(first.destroyed).toBe(false);
    first.destroy();
    await small.close(100);
  });

  // The system has the last word on how many may wait.
  const room = process.platform === 'linux' ? Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')) : 0;
  test.skipIf(room < 1000)('a thousand that come at once while the process is busy find room to wait', () => {
    const { port, hostname } = new URL(stack.mcpUrl);
    // Another process connects; nothing is accepted here until it has ended.
    const connectAll = `
      let connected = 0;
      for (let n = 0; n < 1000; n += 1) require('node:net').connect(${port}, '${hostname}', () => { connected += 1; });
      const end = () => { console.log(connected); process.exit(); };
      setTimeout(end, 5000);
      setInterval(() => { if (connected === 1000) end(); }, 20);`;
    expect(spawnSync(process.execPath, ['-e', connectAll], { encoding: 'utf8' }).stdout.trim()).toBe('1000');
  });

  test('what is no HTTP is answered 400, noted with its peer, and never in the middle of an answer', async () => {
    const seen: Observation[] = [];
    const odd = await listen({
      handle: async (_request, response) => {
        response.write('half an answer');
      },
      host: '127.0.0.1',
      port: 0,
      note: (observation) => seen.push(observation),
    });
    const say = (bytes: string) =>
      new Promise<string>((resolve) => {
        let heard = '';
        const socket = connect(odd.port, '127.0.0.1', () => socket.write(bytes));
        socket.on('error', () => {}).on('close', () => resolve(heard));
        socket.on('data', (data) => {
          heard += data;
          if (heard.endsWith('half an answer\r\n')) socket.write('evil\r\n\r\n');
        });
      });
    expect(await say('evil\r\n\r\n')).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    expect(await say('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    const mixed = await say('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(mixed.match(/HTTP\/1\.1/g)).toHaveLength(1);
    const refused = { kind: 'request_refused', code: 'invalid_input', peer: '127.0.0.1' };
    expect(seen).toMatchObject([
      { ...refused, httpStatus: 400, message: expect.stringMatching(/^Not a whole HTTP request \(HPE_\w+\)$/) },
      { ...refused, httpStatus: 405, message: 'This server is no proxy' },
      { ...refused, httpStatus: 400 },
    ]);
    await odd.close(100);
  });

  test('a handler that fails cuts the connection, not the process', async () => {
    const broken = await listen({ handle: () => Promise.reject(new Error('bug')), host: '127.0.0.1', port: 0 });
    await expect(fetch(broken.url)).rejects.toThrow();
    await broken.close(100);
  });

  test('a port in use is named', async () => {
    const again = listen({ handle: async () => {}, host: '127.0.0.1', port: stack.server.port });
    await expect(again).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('Cannot listen on 127.0.0.1'),
    });
  });
});
