import type { IncomingHttpHeaders } from 'node:http';
import { cutText } from '../core/cut-text.ts';
import type { Observation } from '../core/observation.ts';
import { readTraceContext } from '../core/trace-context.ts';

type Facts = Pick<
  Extract<Observation, { kind: 'request_answered' }>,
  'method' | 'rpcId' | 'protocolVersion' | 'transportParent' | 'messageParent'
>;

/** What a request says of itself for the one who watches: nothing of what it asks. `body`: undefined while it was not read. */
export function messageFacts(headers: IncomingHttpHeaders, body: unknown): Facts {
  const { method, id, params } = recordIn(body);
  const { traceparent, tracestate, [versionMember]: version } = recordIn(recordIn(params)._meta);
  const protocolVersion = version ?? headers['mcp-protocol-version'];
  return {
    method: nameIn(method),
    rpcId: typeof id === 'number' ? id : nameIn(id),
    protocolVersion: nameIn(protocolVersion),
    transportParent: readTraceContext(headers.traceparent, headers.tracestate),
    messageParent: readTraceContext(traceparent, tracestate),
  };
}

const longestName = 64;
const nameIn = (value: unknown) => (typeof value === 'string' ? cutText(value, longestName) : undefined);
const versionMember = 'io.modelcontextprotocol/protocolVersion';

type JsonRecord = Readonly<Record<string, unknown>>;
const empty: JsonRecord = {};
const recordIn = (value: unknown): JsonRecord => (typeof value === 'object' && value !== null ? (value as JsonRecord) : empty);
