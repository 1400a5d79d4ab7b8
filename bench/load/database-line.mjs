// A line to PostgreSQL that can be cut or slowed down, for what callers meet while it is away.
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param {{ host: string, port: number }} database
 * @returns what stands in front of it at `port`, and counts who comes
 */
export async function startDatabaseLine({ host, port }) {
  const sockets = new Set();
  /** @type {'open' | 'cut' | 'silent'} */
  let state = 'open';
  let connections = 0;
  let delayMs = 0;
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
    const later = inOrder(() => delayMs);
    near.on('data', (chunk) => state === 'silent' || far.write(chunk));
    far.on('data', (chunk) => state === 'silent' || later(() => near.write(chunk)));
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
    /** What comes back takes so much longer. @param {number} ms */
    slow(ms) {
      delayMs = ms;
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

/** Does one thing after the other, each so much later than it came: what is sooner due still waits for what came before it. */
function inOrder(delayMs) {
  let last = Promise.resolve();
  let waiting = 0;
  return (work) => {
    if (waiting === 0 && delayMs() === 0) return work();
    const due = performance.now() + delayMs();
    waiting += 1;
    last = last
      .then(() => sleep(Math.max(0, due - performance.now())))
      .then(() => {
        waiting -= 1;
        work();
      });
  };
}
