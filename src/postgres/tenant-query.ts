import type { Connection, Submittable } from 'pg';
import { serialize } from 'pg-protocol';
import type { TenantResult } from './database.ts';
import type { DescribedField, TenantExchange } from './tenant-exchange.ts';

/** Bytes that one answer may put on the wire, rows beyond the caps included, before the connection is given up. */
const hardLimit = (maxBytes: number) => 65_536 + 4 * maxBytes;

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
      stopWatching = watchBytes(stream, hardLimit(maxBytes), () => {
        // A single huge value would be buffered whole before it could be cut: stop reading instead.
        settle.resolve({ result: { ...exchange.reply.result(), truncated: true }, reusable: false });
        stream.destroy();
      });
      stream.write(exchange.request);
    },
    handleRowDescription: (message: Fields<DescribedField[]>) => exchange.reply.rowDescription(message.fields),
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

/** Ends a failed transaction, and gives up statements that it may have prepared. */
export function createRollback(closes: readonly Buffer[]) {
  let settle: { resolve: () => void; reject: (error: unknown) => void };
  const outcome = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const ignore = () => {};
  const messages = [serialize.parse({ text: 'ROLLBACK' }), serialize.bind({}), serialize.execute({ rows: 0 }), serialize.sync()];
  const submittable = {
    submit(connection: Connection): undefined {
      (connection as StreamConnection).stream.write(Buffer.concat([...closes, ...messages]));
    },
    handleCommandComplete: ignore,
    handleReadyForQuery: () => settle.resolve(),
    handleError: (error: unknown) => settle.reject(error),
  };
  return { submittable: submittable as unknown as Submittable, outcome };
}

function watchBytes(stream: import('node:net').Socket, limit: number, onExceeded: () => void): () => void {
  const start = stream.bytesRead;
  let watching = true;
  const stop = () => {
    watching = false;
    stream.off('data', check);
  };
  const check = () => {
    // The end of the answer may have come in this very chunk: the driver has read it by now, and the connection is good.
    if (!watching || stream.bytesRead - start <= limit) return;
    stop();
    onExceeded();
  };
  stream.on('data', check);
  return stop;
}
