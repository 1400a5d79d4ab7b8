import { type AlertManagerOptions, createAlertManager } from '../../src/alerts/alert-manager.ts';
import type { Notice } from '../../src/alerts/notice.ts';
import type { Fact, FactName, Facts, Reading, Readings } from '../../src/alerts/readings.ts';
import { alertRules } from '../../src/alerts/rules.ts';
import type { Observation } from '../../src/core/observation.ts';
import { handClock } from '../support/hand-clock.ts';

/** Numbers as a test sets them: gauges by name, growth of counters, means of histograms. */
export interface Figures {
  readonly gauges?: Readonly<Record<string, number>>;
  readonly labelled?: readonly Reading[];
  readonly growth?: Readonly<Record<string, number>>;
  readonly means?: Readonly<Record<string, number>>;
  readonly facts?: Partial<Record<FactName, readonly Fact[] | undefined>>;
}

export function readingsOf({ gauges = {}, labelled = [], growth = {}, means = {} }: Figures): Readings {
  return {
    all: () => [...Object.entries(gauges).map(([name, value]) => ({ name, labels: {}, value })), ...labelled],
    // As a counter with labels: all of it under one.
    increase: (metric, _windowMs, where) => (where?.code === undefined || where.code === 'internal' ? (growth[metric] ?? 0) : 0),
    mean: (metric) => means[metric],
  };
}

export const factsOf =
  ({ facts = {} }: Figures): Facts =>
  (name) =>
    name in facts ? facts[name] : [];

export const one = (value: number, labels: Fact['labels'] = {}): readonly Fact[] => [{ labels, value }];

/** A server in good order. */
export const healthy: Figures = {
  gauges: {
    system_cpu_usage_percent: 12,
    database_acquire_p95_seconds: 0.004,
    database_connections_waiting: 0,
    backup_age_seconds: 3600,
    estimated_cost_monthly: 100,
  },
  labelled: [{ name: 'circuit_breaker_state', labels: { dependency: 'database' }, value: 0 }],
  growth: { mcp_requests_total: 1000, errors_total: 3, auth_failures_total: 1 },
  means: { database_query_duration_seconds: 0.02 },
  facts: { database_unhealthy: one(0), memory_share: one(0.4), isolation_broken: one(0), audit_chain_broken: one(0) },
};

/** The same with something changed. */
export const changed = (figures: Figures): Figures => ({
  gauges: { ...healthy.gauges, ...figures.gauges },
  labelled: figures.labelled ?? healthy.labelled ?? [],
  growth: { ...healthy.growth, ...figures.growth },
  means: { ...healthy.means, ...figures.means },
  facts: { ...healthy.facts, ...figures.facts },
});

/** A manager whose figures and clock are in the test's hand. */
export function watched(options: Partial<AlertManagerOptions> = {}) {
  const clock = handClock();
  let figures = healthy;
  const sent: Notice[] = [];
  const noted: Observation[] = [];
  const manager = createAlertManager({
    rules: alertRules({ monthlyBudget: 1000 }),
    readings: {
      all: () => readingsOf(figures).all(),
      increase: (...of) => readingsOf(figures).increase(...of),
      mean: (...of) => readingsOf(figures).mean(...of),
    },
    facts: (name) => factsOf(figures)(name),
    channels: [
      {
        name: 'test',
        send: async (notice) => {
          sent.push(notice);
        },
      },
    ],
    claims: { begin: async () => true, end: async () => 'mine', renew: async () => {} },
    clock,
    note: (observation) => noted.push(observation),
    server: 'server 1',
    ...options,
  });
  return {
    manager,
    clock,
    sent,
    noted,
    told: () => sent.map(({ kind, rule }) => `${kind} ${rule}`),
    set(next: Figures): void {
      figures = next;
    },
    /** Evaluates every 15 s for so long. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 15_000) {
        await manager.evaluate();
        await manager.settled();
        clock.advance(15_000);
      }
    },
  };
}
