import {
  type Attributes,
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { RemoteParent } from '../../core/trace-context.ts';
import { maskText } from '../mask-text.ts';
import type { Span } from '../traces/trace.ts';

const kinds = { request: SpanKind.SERVER, message: SpanKind.SERVER, database: SpanKind.CLIENT } as const;

/**
 * Gives a finished tree to OpenTelemetry. A caller's own span is the parent of ours: of the HTTP request, or of the MCP message where
 * that names one, which is then linked with the request that brought it.
 */
export function exportTree(tracer: Tracer, root: Span, parent: Context = ROOT_CONTEXT): void {
  const { name, kind, startMs, durationMs, error, attributes, remoteParent, children } = root;
  const around = trace.getSpanContext(parent);
  const context = remoteParent === undefined ? parent : trace.setSpanContext(ROOT_CONTEXT, remoteContext(remoteParent));
  const links = remoteParent !== undefined && around !== undefined ? [{ context: around }] : [];
  const span = tracer.startSpan(name, { kind: kinds[kind], startTime: startMs, attributes: masked(attributes), links }, context);
  if (error !== undefined) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR });
  for (const child of children) exportTree(tracer, child, trace.setSpan(ROOT_CONTEXT, span));
  span.end(startMs + durationMs);
}

function remoteContext({ traceId, spanId, sampled, state }: RemoteParent): SpanContext {
  return {
    ...{ traceId, spanId, isRemote: true, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE },
    ...(state !== undefined && { traceState: createTraceState(state) }),
  };
}

/** What callers wrote may hold a secret. */
function masked(attributes: Span['attributes']): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'string' ? maskText(value) : value]),
  );
}
