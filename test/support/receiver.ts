import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly contentType: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what somebody posts is any JSON
  readonly body: any;
}

/** A real HTTP server that takes what is posted, or refuses it. */
export async function startReceiver({ status = 200, answer = 'ok' }: { status?: number; answer?: string } = {}) {
  const received: Received[] = [];
  const mode = { status, answer, location: undefined as string | undefined, silent: false };
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      received.push({
        path: request.url ?? '',
        contentType: request.headers['content-type'],
        body: text === '' ? null : JSON.parse(text),
      });
      if (mode.silent) return;
      response.writeHead(mode.status, mode.location === undefined ? {} : { Location: mode.location });
      response.end(mode.answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    mode,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type Receiver = Awaited<ReturnType<typeof startReceiver>>;
