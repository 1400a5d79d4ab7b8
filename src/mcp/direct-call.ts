import type { Principal } from '../core/principal.ts';
import type { CallTool } from './call-tool.ts';
import type { ToolCatalog } from './catalog.ts';
import type { TellProgress } from './progress.ts';
import { type AnswerOrTask, isCreatedTask } from './tasks/answer-or-task.ts';
import { takesTasks } from './tasks/serve-tasks.ts';
import type { Tool } from './tool.ts';
import { resultMembers } from './tool-result.ts';

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface DirectCallOptions {
  readonly tools: Pick<ToolCatalog, 'find'>;
  readonly callTool: CallTool;
  readonly serverInfo: { readonly name: string; readonly version: string };
  /** Absent: no call becomes a task. */
  readonly answerOrTask?: AnswerOrTask | undefined;
}

export interface DirectExchange {
  readonly principal: Principal;
  readonly requestId: string;
  readonly headers: RequestHeaders;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly tellProgress?: TellProgress | undefined;
}

interface PlainCall {
  readonly tool: Tool;
  readonly arguments: unknown;
  readonly id: string | number;
  readonly modern: boolean;
  readonly takesTask: boolean;
}

const modernRevision = '2026-07-28';
/** Without the header a client speaks 2025-03-26, which looks the same on the wire. */
const olderRevisions: ReadonlySet<unknown> = new Set([undefined, '2025-11-25', '2025-06-18', '2025-03-26']);

/**
 * `tools/call` of a known tool in its plain form, answered in one step and byte for byte as the SDK answers it. Most calls come
 * so, and the SDK's way costs several times the rest of a call. Whatever is unusual in any way gives undefined and goes
 * through the SDK, which knows what to say to it.
 */
export function createDirectCall({ tools, callTool, serverInfo, answerOrTask }: DirectCallOptions) {
  const modernMeta = `"_meta":{"io.modelcontextprotocol/serverInfo":${JSON.stringify(serverInfo)}}`;
  const modernEnd = `,"resultType":"complete",${modernMeta}`;

  return ({ principal, requestId, headers, body, signal, tellProgress }: DirectExchange): Promise<string> | undefined => {
    const plain = readPlainCall(headers, body, tools);
    if (plain === undefined) return undefined;
    const close = `},"jsonrpc":"2.0","id":${JSON.stringify(plain.id)}}`;
    const end = `${plain.modern ? modernEnd : ''}${close}`;
    if (plain.takesTask && answerOrTask !== undefined) {
      const run = (until: AbortSignal) => callTool(plain.tool, plain.arguments, { principal, requestId, signal: until });
      return answerOrTask({ principal, requestId, signal, run }).then((answer) =>
        isCreatedTask(answer)
          ? `{"result":{${JSON.stringify(answer).slice(1, -1)},${modernMeta}${close}`
          : `{"result":{${resultMembers(answer)}${end}`,
      );
    }
    return callTool(plain.tool, plain.arguments, { principal, requestId, signal, tellProgress }).then(
      (answer) => `{"result":{${resultMembers(answer)}${end}`,
    );
  };
}
export type DirectCall = ReturnType<typeof createDirectCall>;

function readPlainCall(headers: RequestHeaders, body: unknown, tools: Pick<ToolCatalog, 'find'>): PlainCall | undefined {
  if (!hasOnly(body, messageMembers) || body.jsonrpc !== '2.0' || body.method !== 'tools/call') return undefined;
  const { id, params } = body;
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return undefined;
  if (!hasOnly(params, paramsMembers) || typeof params.name !== 'string') return undefined;
  if (params.arguments !== undefined && !isObject(params.arguments)) return undefined;
  if (!isJson(headers['content-type'])) return undefined;
  const modern = headers['mcp-protocol-version'] === modernRevision;
  if (!(modern ? isPlainModern(headers, params) : isPlainOlder(headers, params))) return undefined;
  const tool = tools.find(params.name);
  return (
    tool && {
      tool,
      arguments: params.arguments,
      id: id as string | number,
      modern,
      takesTask: modern && takesTasks(params._meta),
    }
  );
}

type JsonObject = Readonly<Record<string, unknown>>;

const messageMembers: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);
const paramsMembers: ReadonlySet<string> = new Set(['name', 'arguments', '_meta']);
const infoMembers: ReadonlySet<string> = new Set(['name', 'version', 'title', 'description', 'websiteUrl']);
const reserved = 'io.modelcontextprotocol/';
const modernMetaMembers: ReadonlySet<string> = new Set(
  ['protocolVersion', 'clientInfo', 'clientCapabilities'].map((name) => reserved + name),
);

function isPlainModern(headers: RequestHeaders, { name, _meta }: JsonObject): boolean {
  if (headers['mcp-method'] !== 'tools/call' || headers['mcp-name'] !== name) return false;
  if (!isPlainMeta(_meta, modernMetaMembers) || _meta[`${reserved}protocolVersion`] !== modernRevision) return false;
  return isPlainInfo(_meta[`${reserved}clientInfo`]) && arePlainCapabilities(_meta[`${reserved}clientCapabilities`]);
}

function isPlainOlder(headers: RequestHeaders, { _meta }: JsonObject): boolean {
  if (_meta !== undefined && !isPlainMeta(_meta, noMembers)) return false;
  if (!olderRevisions.has(headers['mcp-protocol-version'])) return false;
  const accept = headers.accept;
  return typeof accept === 'string' && accept.includes('application/json') && accept.includes('text/event-stream');
}

const noMembers: ReadonlySet<string> = new Set();

/** Whatever clients keep there for themselves is let through; of the protocol's own names only the known ones. */
function isPlainMeta(meta: unknown, known: ReadonlySet<string>): meta is JsonObject {
  if (!isObject(meta)) return false;
  for (const member in meta) if (member.startsWith(reserved) && !known.has(member)) return false;
  const token = meta.progressToken;
  // Progress is told before the answer, never in it.
  return token === undefined || typeof token === 'string' || Number.isSafeInteger(token);
}

function isPlainInfo(info: unknown): boolean {
  if (!hasOnly(info, infoMembers) || info.name === undefined || info.version === undefined) return false;
  for (const member in info) if (typeof info[member] !== 'string') return false;
  return true;
}

function arePlainCapabilities(capabilities: unknown): boolean {
  if (!isObject(capabilities)) return false;
  for (const name in capabilities) {
    const capability = capabilities[name];
    if (!isObject(capability)) return false;
    for (const part in capability) if (!isObject(capability[part]) && part !== 'listChanged') return false;
    if (capability.listChanged !== undefined && typeof capability.listChanged !== 'boolean') return false;
  }
  return true;
}

const isJson = (type: RequestHeaders[string]): boolean =>
  type === 'application/json' || type === 'application/json; charset=utf-8';

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

function hasOnly(value: unknown, members: ReadonlySet<string>): value is JsonObject {
  if (!isObject(value)) return false;
  for (const member in value) if (!members.has(member)) return false;
  return true;
}
