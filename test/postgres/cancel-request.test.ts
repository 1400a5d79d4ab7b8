import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { cancelBackend } from '../../src/postgres/cancel-request.ts';
import { type ServerAddress, toClientConfig } from '../../src/postgres/connection-settings.ts';

const backend = { processId: 4711, secretKey: 815 };
/** Length 16, request code 80877102, process, secret. */
const cancelMessage = '00000010' + '04d2162e' + '00001267' + '0000032f';
/** Length 8, request code 80877103. */
const sslRequest = '0000000804d2162f';

describe('A request to cancel', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    server = undefined;
  });

  const listen = async (onSocket: (socket: Socket) => void): Promise<ServerAddress> => {
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return {
      host: '127.0.0.1',
      port: (server.address() as { port: number }).port,
      database: 'd',
      sslMode: 'disable',
      applicationName: 'a',
    };
  };

  test('is sixteen bytes on a connection of its own, and done when the server hangs up', async () => {
    let received = '';
    const address = await listen((socket) =>
      socket.on('data', (data) => {
        received += data.toString('hex');
        socket.end();
      }),
    );
    await cancelBackend(address, backend);
    expect(received).toBe(cancelMessage);
  });

  test('is given up when nobody answers in time', async () => {
    const address = await listen((socket) => {
      socket.resume();
      socket.allowHalfOpen = true;
    });
    server!.removeAllListeners('connection');
    server!.on('connection', (socket) => sockets.add(socket));
    await expect(cancelBackend({ ...address }, backend, 50)).rejects.toThrow();
    await expect(cancelBackend({ ...address, port: 1 }, backend, 50)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('fails where TLS is asked of a server that has none', async () => {
    const address = await listen((socket) => socket.on('data', () => socket.write('N')));
    await expect(cancelBackend({ ...address, sslMode: 'require' }, backend)).rejects.toThrow('the server does not speak TLS');
  });

  test('goes out encrypted where the address demands it, and only to a proven server where it demands that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    await promisify(execFile)('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
      ],
      ...['-keyout', keyFile, '-out', certFile],
    ]);
    const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
    await rm(folder, { recursive: true });

    let clear = '';
    let secret = '';
    const address = await listen((socket) =>
      socket.once('data', (data) => {
        clear += data.toString('hex');
        socket.write('S');
        const secured = new TLSSocket(socket, { isServer: true, key, cert });
        secured
          .on('error', () => {})
          .on('data', (text) => {
            secret += text.toString('hex');
            secured.end();
          });
      }),
    );
    for (const host of ['127.0.0.1', 'localhost']) {
      await cancelBackend({ ...address, host, sslMode: 'require' }, backend);
      expect([clear, secret]).toEqual([sslRequest, cancelMessage]);
      [clear, secret] = ['', ''];
    }
    await expect(cancelBackend({ ...address, sslMode: 'verify-full' }, backend)).rejects.toThrow(/self-signed/);
    expect(secret).toBe('');
  });
});

test('a connection’s settings follow its address and login', () => {
  const address: ServerAddress = { host: 'h', port: 1, database: 'd', sslMode: 'disable', applicationName: 'a' };
  expect(toClientConfig(address, { user: 'u', password: 'p' })).toMatchObject({
    host: 'h',
    user: 'u',
    password: 'p',
    ssl: false,
  });
  expect(toClientConfig({ ...address, sslMode: 'require' }, { user: 'u', password: undefined }).ssl).toEqual({
    rejectUnauthorized: false,
  });
  expect(toClientConfig({ ...address, sslMode: 'verify-full' }, { user: 'u', password: 'p' }).ssl).toEqual({
    rejectUnauthorized: true,
  });
});
