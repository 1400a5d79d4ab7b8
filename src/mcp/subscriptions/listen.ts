import type { Principal } from '../../core/principal.ts';
import { callerIdentity } from '../caller-identity.ts';
import { eventOf, type McpReply } from '../late-stream.ts';
import { takesTasks } from '../tasks/serve-tasks.ts';
import { tasksExtension } from '../tasks/task.ts';
import { type Filter, narrowFilter, parseFilter } from './filter.ts';
import { createOpenStreams, type StreamLimits } from './open-streams.ts';

export interface ListenOptions extends StreamLimits {
  readonly serverInfo: { readonly name: string; readonly version: string };
  readonly mayRead: (uri: string, principal: Principal) => boolean;
  /** How often it is asked whether the caller is still who it was. */
  readonly checkMs?: number;
}

export interface ListenExchange {
  readonly principal: Principal;
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** Who the caller is by now; rejects when its token is good no longer. */
  readonly recognise?: (() => Promise<Principal>) | undefined;
}

/** What is still said when a stream ends. */
interface Farewell {
  readonly events: readonly string[];
}

/** The request as the SDK is to see it, and a signal that ends its stream. */
type AnswerListen = (body: unknown, signal: AbortSignal) => Promise<McpReply>;

export const listenMethod = 'subscriptions/listen';

/**
 * Opens `subscriptions/listen` streams within limits, and ends each one in good order when its token has expired or was revoked,
 * when the caller may see something else by now, and when the server stops. The SDK checks the request and writes the events.
 */
export function createListen({ serverInfo, mayRead, checkMs = 5000, ...limits }: ListenOptions) {
  const streams = createOpenStreams(limits);

  const open = async ({ principal, body, signal, recognise }: ListenExchange, answer: AnswerListen): Promise<McpReply> => {
    const { id, params } = body as { readonly id?: unknown; readonly params?: { readonly _meta?: unknown } };
    const asked = parseFilter(params);
    // What is no filter is for the SDK to refuse.
    if (asked === undefined) return answer(body, signal);
    if (asked.taskIds !== undefined && !takesTasks(params?._meta)) return missingTasks(id);
    const filter = narrowFilter(asked, (uri) => mayRead(uri, principal));
    const closing = new AbortController();
    let finish: (end: Farewell) => void = () => {};
    const finished = new Promise<Farewell>((resolve) => {
      finish = resolve;
    });
    const last = resultOf(id, serverInfo);
    const leave = streams.enter(principal.subject, () => finish({ events: [last] }));
    const check = async () => {
      try {
        const now = await recognise?.();
        if (now !== undefined && callerIdentity(now) !== callerIdentity(principal))
          finish({ events: [...changesOf(id, filter), last] });
      } catch {
        finish({ events: [last] });
      }
    };
    const timer = setInterval(() => void check(), checkMs).unref();
    const end = () => {
      clearInterval(timer);
      leave();
      closing.abort();
    };
    closing.signal.addEventListener('abort', () => finish({ events: [] }), { once: true });
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    const reply = await answer(withFilter(body, filter), closing.signal).catch((error: unknown) => {
      end();
      throw error;
    });
    if (typeof reply.body !== 'string') return { ...reply, rests: true, body: untilFinished(reply.body, finished, end) };
    end();
    return reply;
  };

  return {
    open,
    size: streams.size,
    /** Ends all streams, so that their clients go elsewhere. */
    drain: streams.endAll,
  };
}
export type Listen = ReturnType<typeof createListen>;

export const isListen = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Reflect.get(body, 'method') === listenMethod;

async function* untilFinished(
  events: AsyncIterable<string>,
  finished: Promise<Farewell>,
  end: () => void,
): AsyncIterable<string> {
  const source = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([source.next(), finished]);
      if ('events' in next) return yield* next.events;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    end();
  }
}

function withFilter(body: unknown, notifications: Filter): unknown {
  const { params, ...message } = body as { readonly params: object };
  return { ...message, params: { ...params, notifications } };
}

const subscription = (id: unknown) => ({ 'io.modelcontextprotocol/subscriptionId': id });

/** What the caller asked to hear of and may find changed, now that it is somebody else. */
function changesOf(id: unknown, { toolsListChanged, resourcesListChanged }: Filter): readonly string[] {
  const notice = (list: string) =>
    eventOf(
      JSON.stringify({ jsonrpc: '2.0', method: `notifications/${list}/list_changed`, params: { _meta: subscription(id) } }),
    );
  return [...(toolsListChanged ? [notice('tools')] : []), ...(resourcesListChanged ? [notice('resources')] : [])];
}

/** The answer to the request ends its stream in good order. */
function resultOf(id: unknown, serverInfo: object): string {
  const _meta = { ...subscription(id), 'io.modelcontextprotocol/serverInfo': serverInfo };
  return eventOf(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta } }));
}

/** Notices about tasks are for clients that take tasks; they are not sent to those either, who ask instead. */
function missingTasks(id: unknown): McpReply {
  const data = {
    requiredCapabilities: { extensions: { [tasksExtension]: {} } },
    ...{ code: 'invalid_input', message: 'Missing required client capability' },
  };
  const error = { code: -32021, message: data.message, data };
  return { status: 400, contentType: 'application/json', body: JSON.stringify({ jsonrpc: '2.0', id, error }) };
}
