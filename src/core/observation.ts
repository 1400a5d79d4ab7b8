import type { ErrorCode } from './errors.ts';

interface ToolCalled {
  readonly kind: 'tool_called';
  readonly requestId: string;
  readonly subject: string;
  readonly tool: string;
  readonly outcome: 'answered' | 'failed' | 'refused';
  readonly code?: ErrorCode;
  readonly durationMs: number;
}

/** A request turned away before any tool ran. */
interface RequestRefused {
  readonly kind: 'request_refused';
  readonly requestId: string;
  readonly code: ErrorCode;
  readonly httpStatus: number;
  readonly message: string;
  /** Address of the peer, as the socket sees it. */
  readonly peer?: string;
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
  readonly step: 'token' | 'revocation' | 'mapping' | 'rate_limit' | 'scope';
  readonly code: ErrorCode;
  readonly message: string;
  /** Present once the token was verified. */
  readonly subject?: string;
  readonly peer?: string;
}

/** Names in a good token that mean nothing here, such as an unknown tenant. They granted nothing. */
interface ClaimsIgnored {
  readonly kind: 'claims_ignored';
  readonly subject: string;
  readonly claims: readonly { readonly claim: string; readonly value: string }[];
}

/** A caller chose to see less than the token allows. */
interface ScopeNarrowed {
  readonly kind: 'scope_narrowed';
  readonly subject: string;
  readonly tenantIds: readonly number[];
}

interface TokensRevoked {
  readonly kind: 'tokens_revoked';
  readonly by: 'jti' | 'subject';
  readonly value: string;
  readonly reason: string;
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
  | RequestRefused
  | AccessRefused
  | ClaimsIgnored
  | ScopeNarrowed
  | TokensRevoked
  | FaultMet
  | SlowQuery
  | ServerStarted
  | ServerStopped;

export type Note = (observation: Observation) => void;
