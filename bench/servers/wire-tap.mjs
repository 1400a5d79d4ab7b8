// Listens in between this server and PostgreSQL, to learn which SQL a call ends as: what the guard makes of the caller's text.
// https://www.postgresql.org/docs/17/protocol-message-formats.html
import { connect, createServer } from 'node:net';

/**
 * Follows what a client sends on one connection.
 *
 * @param {(text: string, user: string) => void} onStatement the text of each Parse and Query
 * @param {(values: (string | null)[]) => void} [onValues] those of each Bind
 */
export function createFrontendReader(onStatement, onValues = () => {}) {
  let held = Buffer.alloc(0);
  let user;
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    if (user === undefined) {
      if (held.length < 8 || held.length < held.readInt32BE(0)) return;
      const size = held.readInt32BE(0);
      const words = held.toString('utf8', 8, size).split('\0');
      user = words[words.indexOf('user') + 1] ?? '';
      held = held.subarray(size);
    }
    while (held.length >= 5) {
      const size = 1 + held.readInt32BE(1);
      if (held.length < size) return;
      const [first, second] = held.toString('utf8', 5, size).split('\0');
      if (held[0] === 0x50) onStatement(second, user);
      if (held[0] === 0x51) onStatement(first, user);
      if (held[0] === 0x42) onValues(boundValues(held.subarray(5, size)));
      held = held.subarray(size);
    }
  };
}

/** Portal and statement by name, formats, values. @param {Buffer} bind @returns {(string | null)[]} */
function boundValues(bind) {
  let at = bind.indexOf(0, bind.indexOf(0) + 1) + 1;
  at += 2 + 2 * bind.readInt16BE(at);
  const count = bind.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = bind.readInt32BE(at);
    at += 4 + Math.max(0, length);
    return length < 0 ? null : bind.toString('utf8', at - length, at);
  });
}

/** @param {{ host: string, port: number }} database */
export async function startWireTap({ host, port }) {
  /** @type {{ text: string, user: string, values: (string | null)[] | undefined }[]} */
  const statements = [];
  const sockets = new Set();
  const server = createServer((client) => {
    const upstream = connect({ host, port });
    const read = createFrontendReader(
      (text, user) => statements.push({ text, user, values: undefined }),
      (values) => {
        // What is prepared is bound without a Parse before it: the first Bind after a text is that text's own.
        const last = statements.at(-1);
        if (last !== undefined) last.values ??= values;
      },
    );
    client.on('data', read);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          client.destroy();
          upstream.destroy();
        });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    /** What has been said since the last time. */
    take: () => statements.splice(0),
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
