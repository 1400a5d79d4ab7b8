import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EmbeddingCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly input: readonly string[];
}

/** Numbers that are the same for the same text, and different for others. */
export function vectorFor(text: string, dimensions: number): number[] {
  let seed = [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0, 7);
  return Array.from({ length: dimensions }, () => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
}

/** Stands in for the embeddings endpoint of Azure OpenAI: the shape of the service, not its meaning. */
export async function embeddingService({ dimensions = 1536 } = {}) {
  const calls: EmbeddingCall[] = [];
  /** What the next calls are answered with, before it does its work again. */
  const troubles: ((response: ServerResponse) => void)[] = [];
  const listen = (port: number) =>
    new Promise<ReturnType<typeof createServer>>((resolve) => {
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input: string[] };
        calls.push({ path: request.url ?? '', headers: request.headers, input });
        const trouble = troubles.shift();
        if (trouble !== undefined) return trouble(response);
        const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorFor(text, dimensions) }));
        response.setHeader('content-type', 'application/json');
        // Out of order, as the interface allows.
        response.end(JSON.stringify({ object: 'list', model: 'stand-in', data: data.reverse(), usage: { total_tokens: 1 } }));
      });
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    troubles,
    kill: close,
    async comeBack() {
      server = await listen(port);
    },
    close,
  };
}

export const refusal =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message: 'the stand-in refuses', code: String(status) } }));
  };
