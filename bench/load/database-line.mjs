// A line to PostgreSQL that can be cut, for what callers meet while it is away.
import { connect, createServer } from 'node:net';

/**
 * @param {{ host: string, port: number }} database
 * @returns what stands in front of it at `port`, and counts who comes
 */
export async function startDatabaseLine({ host, port }) {
  const sockets = new Set();
  /** @type {'open' | 'cut' | 'silent'} */
  let state = 'open';
  let connections = 0;
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    connections += 1;
    keep(near);
    if (state === 'cut') return near.resetAndDestroy();
    if (state === 'silent') return near.resume();
    const far = connect({ host, port, noDelay: true });
    keep(far);
    near.setNoDelay(true);
    near.on('data', (chunk) => state === 'silent' || far.write(chunk));
    far.on('data', (chunk) => state === 'silent' || near.write(chunk));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: /** @type {{ port: number }} */ (server.address()).port,
    /** Connections break, and every new one at once. */
    cut() {
      state = 'cut';
      hangUp();
    },
    /** Nothing arrives any more, on old connections and on new ones, and nobody is told. */
    hang() {
      state = 'silent';
    },
    /** What has hung until now is broken. */
    restore() {
      if (state === 'silent') hangUp();
      state = 'open';
    },
    /** Since the last time. */
    takeConnections() {
      const count = connections;
      connections = 0;
      return count;
    },
    openConnections: () => sockets.size / 2,
    stop() {
      server.close();
      hangUp();
    },
  };
}
