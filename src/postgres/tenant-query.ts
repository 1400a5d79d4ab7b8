import type { Connection, Submittable } from 'pg';
import type { TenantResult } from './database.ts';
import type { TenantExchange } from './tenant-exchange.ts';

/** Bytes that one answer may put on the wire, rows beyond the caps included, before the connection is given up. */
const hardLimitFactor = 4;

interface Outcome {
  readonly result: TenantResult;
  /** False where the connection must not be used again. */
  readonly reusable: boolean;
}

interface Fields<T> {
  readonly fields: T;
}

interface StreamConnection extends Connection {
  readonly stream: import('node:net').Socket;
}

/**
 * A whole tenant call as one node-postgres Submittable, the driver's documented place for protocol work (as pg-cursor uses it):
 * one write, extended protocol throughout.
 */
export function createTenantQuery(exchange: TenantExchange, maxBytes: number) {
  let settle: { resolve: (outcome: Outcome) => void; reject: (error: unknown) => void };
  const outcome = new Promise<Outcome>((resolve, reject) => {
    settle = { resolve, reject };
  });
  let stopWatching = () => {};

  const submittable = {
    submit(connection: Connection): undefined {
      const { stream } = connection as StreamConnection;
      stopWatching = watchBytes(stream, maxBytes * hardLimitFactor, () => {
        // A single huge value would be buffered whole before it could be cut: stop reading instead.
        settle.resolve({ result: { ...exchange.reply.result(), truncated: true }, reusable: false });
        stream.destroy();
      });
      stream.write(exchange.request);
    },
    handleRowDescription: (message: Fields<{ name: string; dataTypeID: number }[]>) =>
      exchange.reply.rowDescription(message.fields),
    handleDataRow: (message: Fields<(string | null)[]>) => exchange.reply.dataRow(message.fields),
    handleCommandComplete: () => exchange.reply.stepDone(),
    handlePortalSuspended: () => exchange.reply.stepDone(),
    handleEmptyQuery: () => exchange.reply.stepDone(),
    handleReadyForQuery() {
      stopWatching();
      settle.resolve({ result: exchange.reply.result(), reusable: true });
    },
    handleError(error: unknown) {
      stopWatching();
      settle.reject(error);
    },
    handleCopyInResponse: (connection: { sendCopyFail(reason: string): void }) =>
      connection.sendCopyFail('COPY is not possible here'),
    handleCopyData: () => {},
  };
  return { submittable: submittable as unknown as Submittable, outcome };
}

function watchBytes(stream: import('node:net').Socket, limit: number, onExceeded: () => void): () => void {
  const start = stream.bytesRead;
  const check = () => {
    if (stream.bytesRead - start > limit) onExceeded();
  };
  stream.on('data', check);
  return () => stream.off('data', check);
}
