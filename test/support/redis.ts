import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe } from 'vitest';

const written = new URL('../../.services.env', import.meta.url);

/** The Redis of `npm run services:up`, or the one that CI names. */
function redisUrl(): string | undefined {
  const { TEST_REDIS_URL } = process.env;
  if (TEST_REDIS_URL !== undefined) return TEST_REDIS_URL;
  return existsSync(written) ? /^TEST_REDIS_URL=(.*)$/m.exec(readFileSync(written, 'utf8'))?.[1] : undefined;
}

/** Keys of one test alone. */
export const ownPrefix = () => `zavatest:${randomBytes(5).toString('hex')}:`;

/** Where there is no Redis, the report says so. */
export function onRedis(subject: string, tests: (url: string) => void): void {
  const url = redisUrl();
  if (url === undefined && process.env.CI === 'true') throw new Error('no Redis: set TEST_REDIS_URL');
  if (url === undefined) describe.skip(`${subject} (no Redis: run npm run services:up)`, () => tests(''));
  else describe(subject, () => tests(url));
}

export interface Line {
  readonly url: string;
  /** The peer dies: connections break and none is taken. */
  cut(): Promise<void>;
  /** The peer is there again, at the same address. */
  restore(): Promise<void>;
  /** The peer takes everything and answers nothing, until `restore`. */
  hang(): void;
  close(): Promise<void>;
}

/** A line to a server on this machine that can be cut, for what happens when the server dies. */
export async function lineTo(target: string): Promise<Line> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  let hanging = false;
  let server: Server | undefined;
  const start = async (port: number) => {
    server = createServer((near) => {
      const far = connect(Number(targetPort), hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
      }
      near.on('data', (chunk) => far.write(chunk));
      far.on('data', (chunk) => hanging || near.write(chunk));
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  };
  const stop = async () => {
    const ended = new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    for (const socket of sockets) socket.destroy();
    await ended;
    server = undefined;
  };
  const port = await start(0);
  const address = new URL(target);
  address.port = String(port);
  return {
    url: address.href,
    cut: stop,
    async restore() {
      hanging = false;
      if (server === undefined) await start(port);
    },
    hang() {
      hanging = true;
    },
    close: stop,
  };
}

/** Waits until it is so; fails when it is not so for ten seconds. */
export async function until(what: string, so: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await so())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
