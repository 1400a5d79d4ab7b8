import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { drainStdio } from '../../src/app/stdio-drain.ts';

const line = (message: unknown) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`;
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

function pipes() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const drain = drainStdio({ stdin, stdout });
  drain.streams.stdin.resume();
  const finished = { idle: false };
  const waitForIdle = (deadlineMs = 5000) => {
    void drain.idle(deadlineMs).then(() => {
      finished.idle = true;
    });
    return tick();
  };
  return { stdin, stdout, drain, finished, waitForIdle };
}

test('every byte passes unchanged, also where a character is cut in two', async () => {
  const { stdin, stdout, drain } = pipes();
  const incoming = line({ id: 1, method: 'ping', params: { text: 'Grüße 🛠' } });
  const bytes = Buffer.from(incoming);
  const read: Buffer[] = [];
  drain.streams.stdin.on('data', (chunk: Buffer) => read.push(chunk));
  for (const byte of bytes) stdin.write(Buffer.from([byte]));
  drain.streams.stdout.write(incoming);
  await tick();
  expect(Buffer.concat(read).equals(bytes)).toBe(true);
  expect(String(stdout.read())).toBe(incoming);
});

test('the protocol is not told that stdin has ended until what was asked is answered', async () => {
  const { stdin, drain, finished, waitForIdle } = pipes();
  let protocolEnded = false;
  drain.streams.stdin.once('end', () => {
    protocolEnded = true;
  });
  stdin.end(
    line({ id: 1, method: 'initialize' }) + line({ method: 'notifications/initialized' }) + line({ id: 'b', method: 'x' }),
  );
  await drain.ended;
  await waitForIdle();
  drain.streams.stdout.write(line({ id: 1, result: {} }));
  await tick();
  expect({ ...finished, protocolEnded }).toEqual({ idle: false, protocolEnded: false });
  drain.streams.stdout.write(line({ id: 'b', error: {} }));
  await tick();
  expect(finished.idle).toBe(true);
});

test('a cancelled request is not waited for, nor is what is no request', async () => {
  const { stdin, finished, waitForIdle } = pipes();
  stdin.write(line({ id: 7, method: 'tools/call' }));
  stdin.write(line('{broken') + line('null') + line('7') + line({ id: 9, result: {} }));
  stdin.write(line({ method: 'notifications/cancelled', params: { requestId: 7 } }));
  await tick();
  await waitForIdle();
  expect(finished.idle).toBe(true);
});

test('the wait ends at its deadline', async () => {
  const { stdin, finished, waitForIdle } = pipes();
  stdin.write(line({ id: 1, method: 'tools/call' }));
  await tick();
  await waitForIdle(10_000);
  expect(finished.idle).toBe(false);
  await waitForIdle(1);
  expect(finished.idle).toBe(true);
});

test('a client that broke the pipe is not waited for', async () => {
  const { stdin, stdout, drain, finished, waitForIdle } = pipes();
  drain.streams.stdout.on('error', () => {});
  stdin.write(line({ id: 1, method: 'tools/call' }));
  await tick();
  await waitForIdle();
  const closed = new Promise((resolve) => drain.streams.stdout.once('close', resolve));
  stdout.destroy(new Error('EPIPE'));
  await closed;
  expect(finished.idle).toBe(true);
  await drain.idle(10_000);
});

test('after the release nothing is read any more', async () => {
  const { stdin, drain } = pipes();
  let read = 0;
  drain.streams.stdin.on('data', () => {
    read += 1;
  });
  drain.release();
  stdin.write('late\n');
  await tick();
  expect({ read, paused: stdin.isPaused() }).toEqual({ read: 0, paused: true });
});
