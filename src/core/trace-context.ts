/** A span of the caller's that ours continue, as it came: https://www.w3.org/TR/trace-context/ */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  readonly state?: string;
}

const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const maxLength = 128;
const maxStateLength = 512;

/** From a header, or from the `_meta` of an MCP message. What is no trace context counts as none: a call never fails for it. */
export function readTraceContext(traceparent: unknown, tracestate?: unknown): RemoteParent | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > maxLength) return undefined;
  const [, traceId, spanId, flags] = form.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Version 00 has these four parts and no more.
  if (traceparent.startsWith('00') && traceparent.length !== 55) return undefined;
  const parent = { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
  const hasState = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= maxStateLength;
  return hasState ? { ...parent, state: tracestate } : parent;
}
