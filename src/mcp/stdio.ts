import { type Readable, Transform, type Writable } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Note } from '../core/observation.ts';
import type { Principal } from '../core/principal.ts';
import { explainErrors } from './protocol-error.ts';
import { createRawJson } from './raw-json.ts';
import type { CreateMcpServer } from './server.ts';

export interface StdioStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
}

export interface StdioOptions {
  readonly createServer: CreateMcpServer;
  /** Fixed at the start: whoever can start the process is the caller. */
  readonly principal: Principal;
  readonly note: Note;
  readonly streams?: StdioStreams;
}

export interface StdioServer {
  /** Resolves when the client has closed its end, or after `close`. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** Serves one client over stdin and stdout, in whichever protocol era it opens with. Nothing else may write to stdout. */
export function createStdioServer({ createServer, principal, note, streams = process }: StdioOptions): StdioServer {
  const { stdin, stdout } = streams;
  const raw = createRawJson();
  const lines = lineFinisher((line) => raw.restore(explainErrors(line)));
  lines.pipe(stdout);

  const wire = new StdioServerTransport(stdin, lines);
  // A client that has gone away breaks the pipe: that is the end of the connection, not a fault.
  stdout.on('error', () => void wire.close());
  const handle = serveStdio(({ era }) => createServer({ principal, raw, era, admitted: false }), {
    transport: wire,
    onerror: (error) => note({ kind: 'fault_met', where: 'stdio', error }),
  });
  const closed = new Promise<void>((resolve) => {
    const before = wire.onclose;
    wire.onclose = () => {
      before?.();
      lines.end(resolve);
    };
  });
  return { closed, close: () => handle.close() };
}

/** The transport writes one whole message and its line feed a chunk, so each chunk can be finished by itself. */
function lineFinisher(finish: (line: string) => string): Transform {
  return new Transform({
    decodeStrings: false,
    transform(chunk: string | Buffer, _encoding, done) {
      done(null, `${finish(String(chunk).trimEnd())}\n`);
    },
  });
}
