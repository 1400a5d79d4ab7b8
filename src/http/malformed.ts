import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Note } from '../core/observation.ts';

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers what is no HTTP request, or never became one, and notes it: smuggling is tried with such bytes. The connection ends
 * with it, since nobody knows where the next request would begin (RFC 9112, section 11.2).
 */
export function answerMalformed(server: Server, note: Note): void {
  const open = new WeakMap<Socket, Set<ServerResponse>>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const ofSocket = open.get(socket) ?? new Set();
    open.set(socket, ofSocket.add(response));
    response.once('close', () => ofSocket.delete(response));
  });

  const refuse = (socket: Socket, httpStatus: number, message: string) => {
    const peer = socket.remoteAddress;
    const head = { kind: 'request_refused', requestId: randomUUID(), code: 'invalid_input' } as const;
    note({ ...head, httpStatus, message, ...(peer === undefined ? {} : { peer }) });
    // In the middle of another answer these bytes would become a part of it.
    const answering = [...(open.get(socket) ?? [])].some(({ headersSent }) => headersSent);
    if (answering) socket.destroy();
    else socket.end(refusalBytes(httpStatus), () => socket.destroy());
  };
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { code = 'unknown' } = error;
    // The peer has gone, which is no attempt at anything.
    if (code === 'ECONNRESET' || code === 'EPIPE' || !socket.writable) socket.destroy();
    else refuse(socket, statuses[code] ?? 400, `Not a whole HTTP request (${code})`);
  });
  server.on('connect', (_request: IncomingMessage, socket: Socket) => refuse(socket, 405, 'This server is no proxy'));
}

const refusalBytes = (status: number) =>
  `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
