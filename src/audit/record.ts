import type { ErrorCode } from '../core/errors.ts';
import type { Asker, Observation } from '../core/observation.ts';
import type { Json } from './canonical-json.ts';

/** What is hashed and stored, by the columns of `audit.events`. Absent = unknown. */
export interface AuditRecord {
  /** UTC with microseconds, for example `2026-11-22T18:31:51.123000Z`. */
  readonly occurred_at: string;
  readonly request_id?: string;
  readonly subject?: string;
  readonly roles?: readonly string[];
  readonly store_ids?: readonly number[];
  readonly tool?: string;
  readonly action: string;
  readonly outcome: 'answered' | 'failed' | 'refused' | 'done';
  readonly error_code?: string;
  readonly statement_fingerprint?: string;
  readonly row_count?: number;
  readonly duration_ms?: number;
  readonly detail?: { readonly [name: string]: Json };
}

export interface RecordOptions {
  readonly occurredAtMs: number;
  /** Hash of the statement without its literals. */
  readonly fingerprint: (statement: string) => string;
  /** Takes secrets out of what goes into `detail`. */
  readonly mask: (value: unknown) => unknown;
}

/** Refusals that concern who somebody is or what they may do. */
const refusedActions: Partial<Record<ErrorCode, string>> = {
  unauthenticated: 'authentication',
  forbidden: 'authorization',
  insufficient_scope: 'authorization',
  rate_limited: 'rate_limit',
};

type Measured = 'request_answered' | 'statement_ran' | 'texts_embedded' | 'tokens_counted' | 'circuit_changed' | 'health_changed';
type Told =
  | ('claims_ignored' | 'caller_recognised' | 'alert_told' | 'fault_met' | 'slow_query')
  | ('scaling_decided' | 'job_ended' | 'self_tested')
  | ('server_started' | 'server_stopped');
type Recorded = Exclude<Observation['kind'], Measured | Told>;
type EventOf<K extends Observation['kind'], O = Observation> = O extends { readonly kind: infer Kind }
  ? K extends Kind
    ? O
    : never
  : never;
type Facts = Partial<Record<keyof AuditRecord, unknown>> & { readonly action: string; readonly outcome: AuditRecord['outcome'] };

/** What each event says of itself. */
const facts: { readonly [K in Recorded]: (event: EventOf<K>, options: RecordOptions) => Facts | undefined } = {
  tool_called: (event, { fingerprint }) => ({
    action: 'tool_call',
    outcome: event.outcome,
    request_id: event.requestId,
    ...asker(event),
    tool: event.tool,
    error_code: event.code,
    statement_fingerprint: event.statement === undefined ? undefined : fingerprint(event.statement),
    row_count: event.rowCount,
    duration_ms: event.durationMs,
  }),
  task_asked: ({ method, callId, ...event }) => ({
    action: method === 'tasks/cancel' ? 'task_cancellation' : 'task_access',
    outcome: event.outcome,
    request_id: event.requestId,
    ...asker(event),
    error_code: event.code,
    detail: { method, call: callId },
  }),
  request_refused(event) {
    const action = refusedActions[event.code];
    // Each refusal is recorded once.
    if (action === undefined || event.noted) return undefined;
    const detail = { http_status: event.httpStatus, peer: event.peer };
    return { action, outcome: 'refused', request_id: event.requestId, ...asker(event), error_code: event.code, detail };
  },
  access_refused(event) {
    const action = refusedActions[event.code];
    if (action === undefined) return undefined;
    const detail = { step: event.step, peer: event.peer };
    return { action, outcome: 'refused', request_id: event.requestId, subject: event.subject, error_code: event.code, detail };
  },
  scope_narrowed: (event) => ({
    action: 'scope_narrowing',
    outcome: 'done',
    request_id: event.requestId,
    ...asker(event),
  }),
  session_opened: (event) => ({ action: 'dashboard_login', ...session(event) }),
  session_closed: (event) => ({ action: 'dashboard_logout', ...session(event) }),
  // A subject may be an e-mail address, which a detail would not show: here it is whose tokens they were.
  tokens_revoked: ({ by, value, reason }) => ({
    action: 'token_revocation',
    outcome: 'done',
    ...(by === 'subject' ? { subject: value, detail: { by, reason } } : { detail: { by, value, reason } }),
  }),
  schema_migrated: ({ by, version, name }) => ({ action: 'migration', outcome: 'done', subject: by, detail: { version, name } }),
  backup_taken: (event) => ({ action: 'backup', ...copied(event) }),
  backup_restored: (event) => ({ action: 'restore', ...copied(event) }),
  // `rotated`, since a value under a name with "key" in it would be masked.
  keys_rotated: ({ by, purpose, keyId }) => ({
    action: 'key_rotation',
    outcome: 'done',
    subject: by,
    detail: { purpose, rotated: keyId },
  }),
};

function isRecorded(event: Observation): event is EventOf<Recorded> {
  return event.kind in facts;
}

/** False for what the audit trail does not keep. */
export function isAuditable(event: Observation): boolean {
  if (event.kind === 'request_refused' && event.noted) return false;
  const refused = event.kind === 'request_refused' || event.kind === 'access_refused';
  return isRecorded(event) && !(refused && refusedActions[event.code] === undefined);
}

/** Undefined for what the audit trail does not keep. Never holds SQL, rows, tokens, or messages that may quote them. */
export function auditRecord(event: Observation, options: RecordOptions): AuditRecord | undefined {
  if (!isRecorded(event)) return undefined;
  const told = (facts[event.kind] as (event: Observation, options: RecordOptions) => Facts | undefined)(event, options);
  if (told === undefined) return undefined;
  const { detail, ...columns } = told;
  return storable({
    occurred_at: utcMicroseconds(options.occurredAtMs),
    ...columns,
    ...(detail === undefined ? {} : { detail: options.mask(detail) }),
  } as { [name: string]: Json }) as unknown as AuditRecord;
}

function copied({ by, name, failed }: EventOf<'backup_taken'>) {
  return { outcome: failed === undefined ? 'done' : 'failed', subject: by, error_code: failed, detail: { name } } as const;
}

function session({ requestId, peer, ...event }: EventOf<'session_opened'>) {
  return { outcome: 'done', request_id: requestId, ...asker(event), detail: { peer } } as const;
}

function asker({ subject, roles, tenantIds }: Asker) {
  return { subject, roles, store_ids: tenantIds };
}

/** PostgreSQL's microseconds; JavaScript's clock has milliseconds. */
export function utcMicroseconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

const maxText = 500;
const maxItems = 1000;
const maxInt4 = 2_147_483_647;

/**
 * Whatever a caller sent, the database must be able to store it: one record that it refuses would hold up all that follow.
 * So no NUL and no half of a surrogate pair (jsonb takes neither), whole numbers within int4, and no endless texts.
 */
function storable(value: Json): Json {
  if (typeof value === 'string') return storableText(value.length > maxText ? value.slice(0, maxText) : value);
  if (typeof value === 'number') return Number.isNaN(value) ? 0 : Math.max(-maxInt4, Math.min(maxInt4, Math.round(value)));
  if (Array.isArray(value)) return value.slice(0, maxItems).map(storable);
  if (typeof value !== 'object' || value === null) return value;
  const kept: { [name: string]: Json } = {};
  for (const [name, member] of Object.entries(value as { [name: string]: Json | undefined })) {
    if (member !== undefined && member !== null) kept[storableText(name)] = storable(member);
  }
  return kept;
}

/** UTF-8 has no halves of surrogate pairs: writing them there and back leaves U+FFFD in their place. */
function storableText(text: string): string {
  return /[\0\ud800-\udfff]/.test(text) ? Buffer.from(text.replaceAll('\0', '\uFFFD')).toString() : text;
}
