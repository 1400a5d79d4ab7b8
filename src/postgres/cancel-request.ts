import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { serialize } from 'pg-protocol';
import type { ServerAddress } from './connection-settings.ts';

export interface Backend {
  readonly processId: number;
  readonly secretKey: number;
}

/**
 * Asks the server to stop what a backend is doing, on a connection of its own, encrypted as the address demands
 * (https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS). The server never answers;
 * the cancelled statement fails with 57014 on its own connection.
 */
export async function cancelBackend(address: ServerAddress, backend: Backend, timeoutMs = 2000): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  let socket: Socket = connect({ host: address.host, port: address.port });
  try {
    await once(socket, 'connect', { signal });
    if (address.sslMode !== 'disable') socket = await encrypt(socket, address, signal);
    socket.end(serialize.cancel(backend.processId, backend.secretKey));
    await once(socket, 'close', { signal });
  } finally {
    socket.destroy();
  }
}

async function encrypt(socket: Socket, address: ServerAddress, signal: AbortSignal): Promise<Socket> {
  socket.write(serialize.requestSsl());
  const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
  if (answer.toString('latin1') !== 'S') throw new Error('the server does not speak TLS');
  // RFC 6066, section 3: a server name is never an IP address.
  const servername = isIP(address.host) === 0 ? address.host : '';
  const secured = connectTls({ socket, host: address.host, servername, rejectUnauthorized: address.sslMode === 'verify-full' });
  await once(secured, 'secureConnect', { signal });
  return secured;
}
