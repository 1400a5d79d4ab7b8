import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  type Server,
  type ServerEventBus,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Note } from '../core/observation.ts';
import type { Principal } from '../core/principal.ts';
import type { AdmitCall, Guarded } from './admit-call.ts';
import type { DirectCall, RequestHeaders } from './direct-call.ts';
import { answerOrStream, eventStream, type McpReply } from './late-stream.ts';
import { progressNotification, progressTokenOf, type TellProgress } from './progress.ts';
import { explainErrors } from './protocol-error.ts';
import { createRawJson, type RawJson } from './raw-json.ts';
import type { ServingScope } from './server.ts';
import { isListen, type Listen } from './subscriptions/listen.ts';

/** One POST, after everything that HTTP has to say about it is settled. */
export interface McpExchange {
  readonly principal: Principal;
  readonly requestId: string;
  /** By their lower-case names, without the token. */
  readonly headers: RequestHeaders;
  /** Parsed JSON. */
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** Who the caller is by now; rejects when its token is good no longer. */
  readonly recognise?: (() => Promise<Principal>) | undefined;
}

export interface StreamableHttpOptions {
  readonly createServer: (scope: ServingScope) => Server | McpServer;
  readonly admit: AdmitCall;
  /** Answers the plain `tools/call` by itself. */
  readonly directCall?: DirectCall;
  /** What the message asks for, where a permission or a limit guards it. */
  readonly guardedThing: (method: string, params: Readonly<Record<string, unknown>>) => Guarded | undefined;
  /** Absent: no stream tells of changes. */
  readonly listen?: Listen | undefined;
  readonly bus?: ServerEventBus;
  /** How often an open stream says that it is there: proxies cut off what is silent for long. */
  readonly heartbeatMs?: number | undefined;
  readonly note: Note;
  readonly onClose?: () => Promise<void>;
  /** Whether a request of the older revisions is answered as an event stream. JSON otherwise. */
  readonly streamsLegacy?: (body: unknown) => boolean;
}

/**
 * Streamable HTTP without sessions, for every revision on one endpoint: 2026-07-28, and the line up to 2025-11-25.
 * Throws an `AppError` for what is refused before dispatch, so that the refusal can set the HTTP status.
 */
export function createStreamableHttp(options: StreamableHttpOptions) {
  const {
    createServer,
    admit,
    directCall,
    guardedThing,
    listen,
    bus,
    heartbeatMs = 15_000,
    note,
    onClose,
    streamsLegacy,
  } = options;
  const scopes = new WeakMap<Request, ServingScope>();
  const onerror = (error: Error) => note({ kind: 'fault_met', where: 'mcp', error });
  const modern = createMcpHandler(
    ({ requestInfo }) => {
      const scope = requestInfo && scopes.get(requestInfo);
      if (scope === undefined) throw new Error('a request without a scope reached the MCP handler');
      return createServer(scope);
    },
    { legacy: 'reject', onerror, keepAliveMs: heartbeatMs, ...(bus && { bus }) },
  );

  const askedIn = (body: unknown): Guarded | undefined => {
    if (!isRecord(body) || typeof body.method !== 'string') return undefined;
    return guardedThing(body.method, isRecord(body.params) ? body.params : {});
  };

  const answer = async (exchange: McpExchange, tellProgress?: TellProgress): Promise<McpReply> => {
    const { principal, requestId, headers, body, signal } = exchange;
    const direct = directCall?.({ ...exchange, tellProgress });
    if (direct !== undefined) return { status: 200, contentType: 'application/json', body: await direct };
    const raw = createRawJson();
    const scope = { principal, requestId, raw, tellProgress, admitted: true };
    // Without a body of its own: the SDK is given the parsed one, and reads nothing.
    const request = new Request('http://localhost/mcp', { method: 'POST', headers: webHeaders(headers), signal });
    if (!(await isLegacyRequest(request, body))) {
      scopes.set(request, { ...scope, era: 'modern' });
      return reply(await modern.fetch(request, { parsedBody: body }), raw);
    }
    const json = streamsLegacy?.(body) !== true;
    return serveLegacy({ server: createServer({ ...scope, era: 'legacy' }), request, body, signal, raw, json, onerror });
  };

  return {
    async handle(exchange: McpExchange): Promise<McpReply> {
      const { principal, headers, body } = exchange;
      const asked = askedIn(body);
      if (asked !== undefined) await admit(principal, asked);
      if (listen !== undefined && isListen(body)) {
        return listen.open(exchange, (narrowed, signal) => answer({ ...exchange, body: narrowed, signal }));
      }
      const token = wantedProgress(headers, body);
      if (token === undefined) return answer(exchange);
      return answerOrStream((tell) =>
        answer(exchange, (progress) => tell({ jsonrpc: '2.0', ...progressNotification(token, progress) })),
      );
    },
    /** Ends the streams that would keep the server from closing. */
    drain: () => listen?.drain(),
    async close(): Promise<void> {
      await modern.close();
      await onClose?.();
    },
  };
}
export type StreamableHttp = ReturnType<typeof createStreamableHttp>;

function webHeaders(headers: RequestHeaders): Headers {
  const web = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) web.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  return web;
}

interface LegacyExchange {
  readonly server: Server | McpServer;
  readonly request: Request;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly raw: RawJson;
  readonly json: boolean;
  readonly onerror: (error: Error) => void;
}

/** Wired by hand because the SDK's own fallback answers every call as an event stream. */
async function serveLegacy({ server, request, body, signal, raw, json, onerror }: LegacyExchange): Promise<McpReply> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: json });
  transport.onerror = onerror;
  await server.connect(transport);
  const end = () => void server.close();
  const gone = new Promise<Response>((resolve) => {
    const leave = () => {
      end();
      resolve(new Response(null, { status: 499 }));
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  const response = await Promise.race([transport.handleRequest(request, { parsedBody: body }), gone]);
  const answer = await reply(response, raw);
  if (typeof answer.body === 'string') {
    end();
    return answer;
  }
  return { ...answer, body: followedBy(answer.body, end) };
}

async function* followedBy(body: AsyncIterable<string>, end: () => void): AsyncIterable<string> {
  try {
    yield* body;
  } finally {
    end();
  }
}

async function reply(response: Response, raw: RawJson): Promise<McpReply> {
  const contentType = response.headers.get('content-type');
  const head = { status: response.status, ...(contentType === null ? {} : { contentType }) };
  if (response.body !== null && contentType?.startsWith(eventStream)) {
    return { ...head, body: events(response.body, raw) };
  }
  return { ...head, body: raw.restore(explainErrors(await response.text())) };
}

/** A client that does not take an event stream cannot be told. */
function wantedProgress({ accept }: RequestHeaders, body: unknown) {
  if (!isRecord(body) || body.method !== 'tools/call' || !isRecord(body.params)) return undefined;
  const token = progressTokenOf(body.params._meta);
  return String(accept).includes(eventStream) ? token : undefined;
}

/** The SDK enqueues one whole event a chunk, so each chunk can be finished by itself. */
async function* events(stream: ReadableStream<Uint8Array>, raw: RawJson): AsyncIterable<string> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) yield raw.restore(decoder.decode(chunk, { stream: true }));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
