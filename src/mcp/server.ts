import { randomUUID } from 'node:crypto';
import { type jsonSchemaValidator, Server, type ServerContext } from '@modelcontextprotocol/server';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note, Observation } from '../core/observation.ts';
import type { Principal } from '../core/principal.ts';
import { readTraceContext } from '../core/trace-context.ts';
import type { AdmitCall, Guarded } from './admit-call.ts';
import type { CallTool } from './call-tool.ts';
import type { ToolCatalog } from './catalog.ts';
import type { Complete } from './completion.ts';
import { progressNotification, progressTokenOf, type TellProgress } from './progress.ts';
import type { PromptCatalog } from './prompts/prompt-catalog.ts';
import { notFound, toProtocolError } from './protocol-error.ts';
import type { RawJson } from './raw-json.ts';
import type { ResourceCatalog } from './resources/resource-catalog.ts';
import { listenMethod } from './subscriptions/listen.ts';
import { serveTasks } from './tasks/serve-tasks.ts';
import { tasksExtension } from './tasks/task.ts';
import type { Tasks } from './tasks/tasks.ts';
import type { Tool } from './tool.ts';
import type { ToolAnswer } from './tool-result.ts';

/** Who is served by one instance, and how its answers reach the wire. */
export interface ServingScope {
  readonly principal: Principal;
  readonly raw: RawJson;
  /** Of the HTTP request. Absent on stdio, where each call gets its own. */
  readonly requestId?: string;
  /** Over HTTP, where the request wants to hear of its progress. On stdio the SDK tells. */
  readonly tellProgress?: TellProgress | undefined;
  /** Which line of revisions the instance speaks. */
  readonly era: 'modern' | 'legacy';
  /** True when the edge has admitted the call already. */
  readonly admitted: boolean;
}

export interface McpServerOptions {
  readonly name: string;
  readonly version: string;
  readonly instructions: string;
  readonly tools: ToolCatalog;
  readonly prompts: PromptCatalog;
  readonly resources: ResourceCatalog;
  readonly complete: Complete;
  readonly callTool: CallTool;
  readonly admit: AdmitCall;
  readonly clock: Clock;
  readonly note: Note;
  /** Calls that outlive their requests. Only over HTTP: on stdio the connection is all that a client has. */
  readonly tasks?: Tasks | undefined;
  /** Whether `subscriptions/listen` is served: over HTTP, in the revision that has it. */
  readonly tellsChanges: boolean;
  /** How long clients may keep lists. They depend on the token, so never in a shared cache. */
  readonly listTtlMs?: number;
}

export type CreateMcpServer = (scope: ServingScope) => Server;

/** The SDK wants one for elicitation, which this server never asks for; its default compiles a validator per instance. */
const noValidation: jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'not used' }),
};

const changingLists = { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true } };

/** Makes the protocol object of one HTTP request or one stdio connection. Cheap: all that costs lives outside. */
export function createMcpServerFactory(options: McpServerOptions): CreateMcpServer {
  const { name, version, instructions, listTtlMs = 300_000 } = options;
  const hint = { ttlMs: listTtlMs, cacheScope: 'private' } as const;
  const cacheHints = {
    'tools/list': hint,
    'prompts/list': hint,
    'resources/list': hint,
    'resources/templates/list': hint,
    'resources/read': { ttlMs: 60_000, cacheScope: 'private' } as const,
    'server/discover': hint,
  };
  return (scope) => {
    const { principal, requestId, raw, era } = scope;
    const overModernHttp = era === 'modern' && requestId !== undefined;
    const tasks = overModernHttp ? options.tasks : undefined;
    const tellsChanges = overModernHttp && options.tellsChanges;
    const server = new Server(
      { name, version },
      {
        capabilities: {
          ...(tellsChanges ? changingLists : { tools: {}, resources: {} }),
          ...{ prompts: {}, completions: {} },
          ...(tasks && { extensions: { [tasksExtension]: {} } }),
        },
        instructions,
        cacheHints,
        jsonSchemaValidator: noValidation,
      },
    );
    serveTools(server, scope, options);
    servePrompts(server, scope, options);
    serveResources(server, scope, options);
    serveCompletion(server, scope, options);
    if (tasks !== undefined && requestId !== undefined) {
      serveTasks(server, { tasks, principal, requestId, raw, note: options.note });
    }
    return server;
  };
}

function serveTools(server: Server, scope: ServingScope, { tools, callTool, admit, clock, note }: McpServerOptions): void {
  server.setRequestHandler('tools/list', () => ({ tools: tools.listFor(scope.principal).map(listedTool) }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const requestId = scope.requestId ?? randomUUID();
    const tool = tools.find(params.name);
    if (tool === undefined) {
      const known = tools.listFor(scope.principal).map((listed) => listed.name);
      throw toProtocolError(notFound('tool', params.name, `Tools: ${known.join(', ')}`), requestId);
    }
    const tellProgress = scope.requestId === undefined ? tellOnConnection(mcpReq) : scope.tellProgress;
    const call = { principal: scope.principal, requestId, signal: mcpReq.signal, tellProgress };
    const admission = scope.admitted ? undefined : () => admit(scope.principal, tool);
    const startedAt = clock.monotonic();
    const answer = await callTool(tool, params.arguments, call, admission);
    // Over HTTP the edge tells, which knows more.
    if (scope.requestId === undefined) note(answeredOnStdio(requestId, mcpReq, clock.monotonic() - startedAt));
    return callResult(answer, scope.raw);
  });
}

function answeredOnStdio(requestId: string, { id, _meta }: ServerContext['mcpReq'], durationMs: number): Observation {
  const messageParent = readTraceContext(_meta?.traceparent, _meta?.tracestate);
  const head = { kind: 'request_answered', requestId, transport: 'stdio', method: 'tools/call', outcome: 'answered' } as const;
  return { ...head, rpcId: id, durationMs, messageParent };
}

/** A notice that the client no longer takes is no failure of the call. */
function tellOnConnection({ _meta, notify }: ServerContext['mcpReq']): TellProgress | undefined {
  const token = progressTokenOf(_meta);
  return token === undefined ? undefined : (progress) => void notify(progressNotification(token, progress)).catch(() => {});
}

function callResult({ text, structuredJson, isError }: ToolAnswer, raw: RawJson) {
  return {
    content: [{ type: 'text' as const, text }],
    ...(structuredJson === undefined ? {} : { structuredContent: raw.object(structuredJson) }),
    ...(isError === undefined ? {} : { isError }),
  };
}

function listedTool({ name, title, description, inputSchema, outputSchema, annotations, page }: Tool) {
  const meta = page && { _meta: { ui: page } };
  // A page knows how to call its own tool: nothing is told to models, which pay for every word of this list.
  if (page !== undefined && 'visibility' in page) {
    const anything = { type: 'object' as const };
    return {
      name,
      inputSchema: anything,
      outputSchema: anything,
      annotations: { readOnlyHint: annotations.readOnlyHint },
      ...meta,
    };
  }
  return {
    name,
    title,
    description,
    inputSchema: { ...inputSchema, type: 'object' as const },
    outputSchema: { ...outputSchema, type: 'object' as const },
    annotations,
    ...meta,
  };
}

function servePrompts(server: Server, scope: ServingScope, { prompts, note }: McpServerOptions): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: [...prompts.list()] }));
  server.setRequestHandler('prompts/get', ({ params }) =>
    guarded(scope, note, 'prompts/get', async () => prompts.get(params.name, params.arguments ?? {})),
  );
}

function serveResources(server: Server, scope: ServingScope, { resources, admit, note }: McpServerOptions): void {
  server.setRequestHandler('resources/list', () => ({ resources: resources.list(scope.principal) }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: resources.templates() }));
  server.setRequestHandler('resources/read', ({ params: { uri } }, { mcpReq }) =>
    guarded(
      scope,
      note,
      'resources/read',
      async () => {
        const found = resources.find(uri);
        if (found !== undefined && !scope.admitted) await admit(scope.principal, found);
        return resources.read(uri, scope.principal, mcpReq.signal);
      },
      { uri },
    ),
  );
}

function serveCompletion(server: Server, scope: ServingScope, { complete, note }: McpServerOptions): void {
  server.setRequestHandler('completion/complete', ({ params: { ref, argument } }) =>
    guarded(scope, note, 'completion/complete', async () => ({
      completion: { ...(await complete(ref, argument, scope.principal)) },
    })),
  );
}

/** Runs a handler so that only what callers may know leaves it. */
async function guarded<T>(
  { requestId = randomUUID() }: ServingScope,
  note: Note,
  where: string,
  work: () => Promise<T>,
  extra: object = {},
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.cause !== undefined) note({ kind: 'fault_met', requestId, where, error });
    throw toProtocolError(error, requestId, extra);
  }
}

/** Methods without a permission of their own that must not go past what every call is admitted by. */
const admittedMethods: ReadonlySet<string> = new Set(['tasks/get', 'tasks/update', 'tasks/cancel', listenMethod]);

/** What a message asks for, as far as something guards it. */
export function guardedThing({ tools, resources }: Pick<McpServerOptions, 'tools' | 'resources'>) {
  return (method: string, params: Readonly<Record<string, unknown>>): Guarded | undefined => {
    if (method === 'tools/call' && typeof params.name === 'string') return tools.find(params.name);
    if (method === 'resources/read' && typeof params.uri === 'string') return resources.find(params.uri);
    return admittedMethods.has(method) ? { name: method, needsTenants: false } : undefined;
  };
}
