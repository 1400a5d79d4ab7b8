import type { CallUsage } from './call-usage.ts';
import type { ErrorCode } from './errors.ts';
import type { Principal } from './principal.ts';
import type { RemoteParent } from './trace-context.ts';

/** Who was asking, as far as that was known. */
export interface Asker {
  readonly subject?: string;
  readonly roles?: readonly string[];
  readonly tenantIds?: readonly number[];
}

export function askerOf({ subject, roles, tenants }: Principal) {
  return { subject, roles, tenantIds: tenants.map(({ id }) => id) };
}

export interface ToolCalled extends Asker {
  readonly kind: 'tool_called';
  readonly requestId: string;
  readonly subject: string;
  readonly tool: string;
  readonly outcome: 'answered' | 'failed' | 'refused';
  readonly code?: ErrorCode | undefined;
  readonly durationMs: number;
  /** SQL as the caller wrote it. The trail keeps its fingerprint, the log nothing of it. */
  readonly statement?: string | undefined;
  /** As the caller sent them, as JSON that may be cut. Noted only where the operator wants them in traces, and held by nothing else. */
  readonly arguments?: string | undefined;
  readonly rowCount?: number | undefined;
  /** What the call cost, for its tenant's account. Not for the log, which has one line a call. */
  readonly usage?: Readonly<CallUsage> | undefined;
}

/** The end of one MCP message, whatever became of it. What happened in between was noted under the same request id. */
interface RequestAnswered {
  readonly kind: 'request_answered';
  readonly requestId: string;
  readonly transport: 'http' | 'stdio';
  /** JSON-RPC method as it was sent, which may be anything; absent where nothing could be read. */
  readonly method?: string | undefined;
  readonly rpcId?: string | number | undefined;
  readonly protocolVersion?: string | undefined;
  /** `refused` by the caller's doing, `failed` by ours; `gone`: the caller did not wait. A tool's failure is an answer. */
  readonly outcome: 'answered' | 'refused' | 'failed' | 'gone';
  readonly httpStatus?: number | undefined;
  readonly code?: ErrorCode | undefined;
  /** Absent for a stream that rests. */
  readonly durationMs?: number | undefined;
  /** Traces of the caller that go on here: of the HTTP request, and of the MCP message in it. */
  readonly transportParent?: RemoteParent | undefined;
  readonly messageParent?: RemoteParent | undefined;
}

/** PostgreSQL was asked. */
interface StatementRan {
  readonly kind: 'statement_ran';
  /** Of callers' statements, or of the server's own. */
  readonly login: 'reader' | 'server';
  readonly requestId?: string | undefined;
  readonly outcome: 'answered' | ErrorCode;
  readonly durationMs: number;
  readonly rowCount?: number | undefined;
  /** Of a caller: as the guard approved it. */
  readonly statement?: string | undefined;
}

interface TextsEmbedded {
  readonly kind: 'texts_embedded';
  /** Which technology: `local`, `azure`. */
  readonly embedder: string;
  readonly texts: number;
  readonly durationMs: number;
  readonly outcome: 'answered' | ErrorCode;
}

/** What the embedding service counted, and charges. */
interface TokensCounted {
  readonly kind: 'tokens_counted';
  readonly embedder: string;
  readonly tokens: number;
}

/** A dependency is left alone, tried again, or well. */
interface CircuitChanged {
  readonly kind: 'circuit_changed';
  readonly dependency: string;
  readonly state: 'closed' | 'open' | 'half_open';
}

/** A component's state, when it changes; a check that finds it as before is no event. */
interface HealthChanged {
  readonly kind: 'health_changed';
  readonly component: string;
  readonly from: 'healthy' | 'degraded' | 'unhealthy';
  readonly to: 'healthy' | 'degraded' | 'unhealthy';
  readonly reason: string;
}

/** A caller came back for a call that had outlived its request. */
interface TaskAsked extends Asker {
  readonly kind: 'task_asked';
  readonly requestId: string;
  readonly subject: string;
  readonly method: 'tasks/get' | 'tasks/update' | 'tasks/cancel';
  readonly outcome: 'answered' | 'refused';
  readonly code?: ErrorCode;
  /** Request id of the call. */
  readonly callId?: string;
}

/** A request turned away before any tool ran. */
interface RequestRefused extends Asker {
  readonly kind: 'request_refused';
  readonly requestId: string;
  readonly code: ErrorCode;
  readonly httpStatus: number;
  readonly message: string;
  /** Address of the caller, behind the trusted proxies. */
  readonly peer?: string;
  /** Present where the same refusal was noted already, as `access_refused`. */
  readonly noted?: true;
}

/** What really happened behind an answer that hides it: goes to the operator's log under the request id. */
interface FaultMet {
  readonly kind: 'fault_met';
  readonly requestId?: string;
  /** The part that met it, for example `execute_sales_query` or `http`. */
  readonly where: string;
  readonly error: unknown;
}

/** A caller turned away between the token and the principal, with what was known of it by then. */
interface AccessRefused {
  readonly kind: 'access_refused';
  readonly requestId: string;
  readonly step: 'token' | 'revocation' | 'mapping' | 'rate_limit' | 'scope';
  readonly code: ErrorCode;
  readonly message: string;
  /** Present once the token was verified. */
  readonly subject?: string;
  readonly peer?: string;
  /** The tenant that was asked for and refused, by the key that the caller sent. */
  readonly tenantKey?: string;
}

/** A caller whose token is good, and the address it came from. */
interface CallerRecognised {
  readonly kind: 'caller_recognised';
  readonly requestId: string;
  readonly subject: string;
  readonly peer: string;
}

/** An alert began, goes on or ended. */
interface AlertTold {
  readonly kind: 'alert_told';
  readonly state: 'firing' | 'reminder' | 'resolved' | 'test';
  readonly rule: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  /** The number that was compared, with its unit. */
  readonly value: string;
  readonly server: string;
}

/** Names in a good token that mean nothing here, such as an unknown tenant. They granted nothing. */
interface ClaimsIgnored {
  readonly kind: 'claims_ignored';
  readonly subject: string;
  readonly claims: readonly { readonly claim: string; readonly value: string }[];
}

/** A caller chose to see less than the token allows. */
interface ScopeNarrowed extends Asker {
  readonly kind: 'scope_narrowed';
  readonly requestId: string;
  readonly subject: string;
}

/** A browser began or ended a session of the dashboard. */
interface SessionChanged extends Asker {
  readonly kind: 'session_opened' | 'session_closed';
  readonly requestId: string;
  readonly subject: string;
  readonly peer?: string;
}

interface TokensRevoked {
  readonly kind: 'tokens_revoked';
  readonly by: 'jti' | 'subject';
  readonly value: string;
  readonly reason: string;
}

interface SchemaMigrated {
  readonly kind: 'schema_migrated';
  readonly by: string;
  readonly version: number;
  readonly name: string;
}

interface BackupMade {
  readonly kind: 'backup_taken' | 'backup_restored';
  readonly by: string;
  readonly name: string;
  readonly failed?: ErrorCode;
}

interface KeysRotated {
  readonly kind: 'keys_rotated';
  readonly by: string;
  /** What the key is for, for example `tenant scopes`. */
  readonly purpose: string;
  readonly keyId: string;
}

interface SlowQuery {
  readonly kind: 'slow_query';
  readonly fingerprint: string;
  /** Normalised text, without literals. */
  readonly text: string;
  readonly durationMs: number;
  readonly rowCount: number;
  readonly requestId?: string;
}

/** The autoscaler changed the number of instances, or advises to. */
interface ScalingDecided {
  readonly kind: 'scaling_decided';
  readonly direction: 'up' | 'down';
  readonly current: number;
  readonly desired: number;
  readonly reasons: readonly string[];
  /** False where it is advice. */
  readonly done: boolean;
}

/** A run of a scheduled job has ended, in this process or (`abandoned`) with the one that ran it. */
interface JobEnded {
  readonly kind: 'job_ended';
  readonly job: string;
  /** ISO 8601, UTC. */
  readonly scheduledFor: string;
  readonly attempt: number;
  readonly outcome: 'done' | 'failed' | 'skipped' | 'cancelled' | 'abandoned';
  readonly detail: string;
  readonly durationMs: number;
}

/** The server has looked whether it can be trusted. */
interface SelfTested {
  readonly kind: 'self_tested';
  readonly test: 'isolation' | 'audit_chain';
  readonly passed: boolean;
  /** What was found, in words for an operator. */
  readonly detail: string;
}

interface ServerStarted {
  readonly kind: 'server_started';
  readonly transport: 'stdio' | 'http';
  readonly version: string;
  readonly address?: string;
}

interface ServerStopped {
  readonly kind: 'server_stopped';
  readonly reason: string;
}

/** Everything the server notices about itself. Parts note; sinks (log, metrics, audit) decide what becomes of it. */
export type Observation =
  | ToolCalled
  | RequestAnswered
  | StatementRan
  | TextsEmbedded
  | TokensCounted
  | CircuitChanged
  | HealthChanged
  | TaskAsked
  | RequestRefused
  | AccessRefused
  | CallerRecognised
  | AlertTold
  | ClaimsIgnored
  | ScopeNarrowed
  | SessionChanged
  | TokensRevoked
  | SchemaMigrated
  | BackupMade
  | KeysRotated
  | FaultMet
  | SlowQuery
  | ScalingDecided
  | JobEnded
  | SelfTested
  | ServerStarted
  | ServerStopped;

export type Note = (observation: Observation) => void;
