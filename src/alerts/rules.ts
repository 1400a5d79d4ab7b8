import { errorCatalogue } from '../core/errors.ts';
import { above, all, any, type Condition, fact, gauge, increase, mean, share, type Where } from './condition.ts';

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

export interface AlertRule {
  readonly name: string;
  readonly condition: Condition;
  /** How long it must hold before anybody is told, in milliseconds. */
  readonly forMs: number;
  readonly severity: Severity;
  /** What has happened, for the person who is woken. */
  readonly summary: string;
  /** What to look at first, and what to do. */
  readonly action: string;
  /** Of the number that the condition compares. */
  readonly unit: string;
}

const second = 1;
const minuteMs = 60_000;
const windowMs = 5 * minuteMs;
/** Fewer failures within the window wake nobody: of three requests, one is a third. */
const leastRequests = 20;
const leastFailures = 5;
const breakerOpen = 2;
/** What a caller does wrong is no fault of the server: agents try statements out, and are refused. */
const ours: Where = {
  label: 'code',
  in: Object.entries(errorCatalogue).flatMap(([code, { httpStatus }]) => (httpStatus >= 500 ? [code] : [])),
};

export interface RuleOptions {
  /** US dollars; absent: nothing is compared with the estimate. */
  readonly monthlyBudget?: number | undefined;
}

/** A condition that was found, rather than measured, needs no time to be believed. */
const atOnce = 0;

/** Every alert of the server. docs/reference/alert-rules.md and deploy/prometheus/zava-alerts.yml are made from it. */
export function alertRules({ monthlyBudget }: RuleOptions = {}): readonly AlertRule[] {
  return [...performanceRules, ...accessRules, ...dependencyRules, ...safetyRules, ...budgetRules(monthlyBudget)];
}

const performanceRules: readonly AlertRule[] = [
  {
    name: 'database_down',
    condition: above(fact('database_unhealthy'), 0),
    forMs: 5 * minuteMs,
    severity: 'critical',
    summary: 'The database does not answer: no caller gets rows.',
    action: 'Look at /health/detailed and `doctor`; check network and credentials, then fail over or restore.',
    unit: '',
  },
  {
    name: 'database_slow',
    condition: above(fact('database_response_seconds'), 0.5),
    forMs: 5 * minuteMs,
    severity: 'high',
    summary: 'The database takes more than half a second to answer that it is there.',
    action: 'Look at the network between server and database, then at the load of the database.',
    unit: 's',
  },
  {
    name: 'high_error_rate',
    condition: all(
      above(share(increase('errors_total', windowMs, ours), increase('mcp_requests_total', windowMs)), 0.05),
      above(increase('mcp_requests_total', windowMs), leastRequests - 1),
    ),
    forMs: 10 * minuteMs,
    severity: 'high',
    summary: 'More than 5 % of requests end in an error that is not the caller’s.',
    action: 'Look at errors by code and tool, and at the last deployment; go back to the revision before.',
    unit: 'of requests',
  },
  {
    name: 'slow_queries',
    condition: above(mean('database_query_duration_seconds', windowMs, { label: 'login', in: ['reader'] }), 2 * second),
    forMs: 15 * minuteMs,
    severity: 'medium',
    summary: 'A query takes more than 2 s on average.',
    action: 'Look at the slow queries of /dashboard/performance; add an index, or lower QUERY_MAX_ROWS.',
    unit: 's',
  },
  {
    name: 'high_cpu',
    condition: above(gauge('system_cpu_usage_percent'), 85),
    forMs: 10 * minuteMs,
    severity: 'medium',
    summary: 'The process uses more than 85 % of its CPU.',
    action: 'Add a replica or a worker; look at the calls of the last hour on /dashboard/performance.',
    unit: '%',
  },
  {
    name: 'high_memory',
    condition: above(fact('memory_share'), 0.9),
    forMs: 5 * minuteMs,
    severity: 'high',
    summary: 'The process holds more than 90 % of the memory that it may have.',
    action: 'Raise the limit of the container, or lower CACHE_MAX_ITEMS.',
    unit: 'of the limit',
  },
];

const accessRules: readonly AlertRule[] = [
  {
    name: 'auth_failures',
    condition: any(
      all(
        above(share(increase('auth_failures_total', windowMs), increase('mcp_requests_total', windowMs)), 0.1),
        above(increase('auth_failures_total', windowMs), leastFailures - 1),
      ),
      above(fact('failures_of_one_caller'), leastFailures - 1),
    ),
    forMs: 5 * minuteMs,
    severity: 'high',
    summary: 'Many requests come without a good token, or several from one caller.',
    action: 'Look at the refusals of /dashboard/diagnostics and at the audit trail; revoke what may have leaked.',
    unit: '',
  },
  {
    name: 'suspicious_access',
    condition: any(above(fact('addresses_of_one_subject'), 3), above(fact('refused_tenants_of_one_subject'), 2)),
    forMs: atOnce,
    severity: 'high',
    summary: 'One subject came from more than 3 addresses, or asked for more than 2 tenants that it may not see, within an hour.',
    action: 'Look at the audit trail by subject; `revoke --subject` ends its tokens.',
    unit: '',
  },
  {
    name: 'query_flood',
    condition: above(fact('queries_of_one_subject'), 6000),
    forMs: atOnce,
    severity: 'medium',
    summary: 'One subject asked more than 6,000 queries within an hour.',
    action: 'Talk to its owner; lower RATE_LIMIT_SQL_PER_MINUTE, or `revoke --subject`.',
    unit: 'queries',
  },
];

const dependencyRules: readonly AlertRule[] = [
  {
    name: 'read_replica_down',
    condition: above(fact('read_replicas_away'), 0),
    forMs: 2 * minuteMs,
    severity: 'high',
    summary: 'A read replica does not answer, or is no copy of the primary: its share of the reads is on the primary.',
    action: 'Run `doctor`, which names it; start it again, or take it out of POSTGRES_REPLICA_URLS.',
    unit: 'replicas',
  },
  {
    name: 'redis_down',
    condition: above(fact('redis_away'), 0),
    forMs: 2 * minuteMs,
    severity: 'high',
    summary: 'Redis does not answer: answers are slower, and each replica has rate limits of its own.',
    action: 'Run `doctor`; start Redis again, or mend REDIS_URL. Nothing has to be done to the servers.',
    unit: '',
  },
  {
    name: 'embedder_down',
    condition: above(fact('embedder_away'), 0),
    forMs: 5 * minuteMs,
    severity: 'high',
    summary: 'The embedder does not answer: products are found by their words alone.',
    action: 'Run `doctor`; look at the state of the service and at its quota. Search compares meaning again by itself.',
    unit: '',
  },
  {
    name: 'replica_lost',
    condition: above(fact('servers_lost'), 0),
    forMs: minuteMs,
    severity: 'high',
    summary: 'A server fell silent without having signed off, and none has taken its place.',
    action: 'Look at why it ended (crash report, memory, platform), and start another one.',
    unit: 'servers',
  },
  {
    name: 'component_unhealthy',
    condition: above(fact('component_unhealthy'), 0),
    forMs: 5 * minuteMs,
    severity: 'high',
    summary: 'A part of the server is unhealthy, although the database answers.',
    action: 'Look at /health/detailed, which says what is wrong with it.',
    unit: '',
  },
  {
    name: 'clock_skew',
    condition: above(fact('clock_skew_seconds'), 10),
    forMs: minuteMs,
    severity: 'high',
    summary: 'The clocks of this server and of the database differ: from 30 s on no call of a tenant is answered.',
    action: 'Look at the time service (NTP) of both machines; `doctor` tells the difference.',
    unit: 's',
  },
  {
    name: 'breaker_open',
    condition: above(gauge('circuit_breaker_state', 'dependency'), breakerOpen - 1),
    forMs: 2 * minuteMs,
    severity: 'high',
    summary: 'A dependency keeps failing and is left alone.',
    action: 'Look at /health/detailed; the breaker closes by itself once the dependency answers.',
    unit: '',
  },
  {
    name: 'pool_exhausted',
    condition: all(above(gauge('database_acquire_p95_seconds'), 1), above(gauge('database_connections_waiting'), 0)),
    forMs: 5 * minuteMs,
    severity: 'high',
    summary: 'Calls wait more than a second for a connection to the database.',
    action: 'Raise POSTGRES_MAX_CONNECTIONS or add a replica; look at the slow queries.',
    unit: 's',
  },
];

const safetyRules: readonly AlertRule[] = [
  {
    name: 'backup_failed',
    condition: above(fact('backup_failed'), 0),
    forMs: atOnce,
    severity: 'high',
    summary: 'The last backup could not be made.',
    action: 'Look at `jobs list` for the reason and at `doctor` for the room that BACKUP_TARGET has; then `jobs run` it again.',
    unit: 'jobs',
  },
  {
    name: 'backup_stale',
    condition: any(above(gauge('backup_age_seconds'), 26 * 3600), above(fact('restore_test_failed'), 0)),
    forMs: atOnce,
    severity: 'critical',
    summary: 'There is no full backup of the last 26 hours, or a backup could not be restored.',
    action: 'Look at the last runs of the backup, make one now, and verify it.',
    unit: '',
  },
  {
    name: 'isolation_broken',
    condition: above(fact('isolation_broken'), 0),
    forMs: atOnce,
    severity: 'critical',
    summary: 'The proof of isolation failed: a tenant might see rows of another. The server has stopped serving.',
    action: 'Run `prove`, keep the report, revoke tokens, and start only when it passes.',
    unit: 'findings',
  },
  {
    name: 'audit_chain',
    condition: above(fact('audit_chain_broken'), 0),
    forMs: atOnce,
    severity: 'critical',
    summary: 'The audit trail does not verify: a record was altered, removed, reordered or cut off.',
    action: 'Run `audit verify`, and keep the database and the signed heads as evidence.',
    unit: '',
  },
];

/** Two severities of one rule. */
function budgetRules(monthlyBudget: number | undefined): AlertRule[] {
  if (monthlyBudget === undefined || monthlyBudget === 0) return [];
  const budget = (most: number, severity: Severity): AlertRule => ({
    name: 'budget',
    condition: above(share(gauge('estimated_cost_monthly'), monthlyBudget), most),
    forMs: atOnce,
    severity,
    summary: `The estimated cost of a month is above ${most * 100} % of MONTHLY_BUDGET.`,
    action: 'Look at what the estimate counts; lower the least number of replicas, or raise the budget.',
    unit: 'of MONTHLY_BUDGET',
  });
  return [budget(0.8, 'low'), budget(1, 'high')];
}
