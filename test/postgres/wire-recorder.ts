import { connect, createServer, type Socket } from 'node:net';
import type { ServerAddress } from '../../src/postgres/connection-settings.ts';

/** One message of a client: its type byte and its body. https://www.postgresql.org/docs/17/protocol-message-formats.html */
export interface ClientMessage {
  readonly type: string;
  readonly text: string;
}

/** A proxy in front of a server that keeps what clients write, one entry a write. */
export async function recordWire(server: ServerAddress) {
  const writes: Buffer[] = [];
  const sockets = new Set<Socket>();
  let silent = false;
  const proxy = createServer((client) => {
    const upstream = connect(server.port, server.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      writes.push(chunk);
      if (!silent) upstream.write(chunk);
    });
    client.on('close', () => upstream.destroy());
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    address: { ...server, host: '127.0.0.1', port: (proxy.address() as { port: number }).port },
    /** What was written since the last call. */
    take: () => writes.splice(0),
    /** From here on nothing reaches the server any more. */
    swallow: () => {
      silent = true;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => proxy.close(() => resolve()));
    },
  };
}

export function parseMessages(bytes: Buffer): ClientMessage[] {
  const messages: ClientMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readInt32BE(at + 1);
    messages.push({
      type: String.fromCharCode(bytes[at]!),
      text: bytes.subarray(at + 5, at + 1 + length).toString('latin1'),
    });
    at += 1 + length;
  }
  return messages;
}

/** The SQL of the Parse messages, in order. */
export const parsedTexts = (messages: readonly ClientMessage[]) =>
  messages.filter((message) => message.type === 'P').map((message) => message.text.split('\0')[1]);
