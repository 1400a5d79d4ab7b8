import type { IncomingMessage } from 'node:http';
import { AppError } from '../core/errors.ts';
import type { EnvelopeFault } from './error-response.ts';
import { checkBodyType } from './request-shape.ts';

export const maxBodyBytes = 1024 * 1024;
const maxDepth = 64;
/** Keys through which a careless merge would change every object of the process. */
const pollutingKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A body that is no JSON-RPC request, with the JSON-RPC code that says how. */
export class EnvelopeError extends AppError {
  readonly jsonRpcCode: EnvelopeFault;

  constructor(jsonRpcCode: EnvelopeFault, message: string, hint?: string) {
    super('invalid_input', message, hint === undefined ? {} : { hint });
    this.jsonRpcCode = jsonRpcCode;
  }
}

/** Reads and parses a JSON body of at most 1 MiB; nothing of it is looked at before it is whole and within the limit. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  checkBodyType(request);
  const tooLarge = () => new EnvelopeError(-32600, `The body exceeds ${maxBodyBytes} bytes`);
  if (Number(request.headers['content-length']) > maxBodyBytes) throw tooLarge();
  return parseJson(
    await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= maxBodyBytes) return;
        // Left unread rather than destroyed: the answer still has to go out on this connection.
        request.removeAllListeners('data').pause();
        reject(tooLarge());
      });
      request.once('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
      request.once('error', reject);
    }),
  );
}

/** Without `stream` it keeps nothing between two texts. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new EnvelopeError(-32700, 'The body is not JSON in UTF-8');
  }
  // Gone since revision 2025-06-18, and a way to make thousands of calls that the caller's limit counts as one.
  if (Array.isArray(value)) throw new EnvelopeError(-32600, 'A batch is not accepted', 'Send each message by itself.');
  checkShape(value, 0);
  return value;
}

function checkShape(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= maxDepth) throw new EnvelopeError(-32600, `The body nests deeper than ${maxDepth} levels`);
  // What JSON.parse makes has no inherited members to enumerate.
  for (const key in value) {
    if (pollutingKeys.has(key)) throw new EnvelopeError(-32600, `The key ${key} is not allowed in a request`);
    checkShape(value[key as keyof typeof value], depth + 1);
  }
}
