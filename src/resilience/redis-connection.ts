import { createClient } from 'redis';
import type { Note } from '../core/observation.ts';

export interface RedisConnectionOptions {
  /** `redis://` or, with TLS, `rediss://`. */
  readonly url: string;
  readonly note: Note;
  readonly connectTimeoutMs?: number;
}

/**
 * A connection that comes back by itself, to a Redis that may be away: nothing waits for it, and a command without a
 * connection fails at once, since everything kept in Redis has a second place.
 */
export function openRedis({ url, note, connectTimeoutMs = 2000 }: RedisConnectionOptions) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    // The ping finds a peer that went away without a word; the socket's own limit then ends the connection.
    pingInterval: 2000,
    socket: {
      connectTimeout: connectTimeoutMs,
      socketTimeout: 5000,
      reconnectStrategy: (attempts) => Math.min(100 * 2 ** attempts, 2000),
    },
  });
  let failing = false;
  client.on('error', (error: unknown) => {
    if (!failing) note({ kind: 'fault_met', where: 'redis', error });
    failing = true;
  });
  client.on('ready', () => {
    failing = false;
  });
  // Never rejects while reconnecting; it does when closed before the first connection.
  client.connect().catch(() => {});
  return {
    client,
    async close(): Promise<void> {
      if (client.isOpen) client.destroy();
    },
  };
}
export type RedisConnection = ReturnType<typeof openRedis>;
