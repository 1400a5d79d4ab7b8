import { needsFacts, promqlOf, type WriteDuration } from './promql.ts';
import type { AlertRule } from './rules.ts';

export interface PrometheusRulesOptions {
  readonly rules: readonly AlertRule[];
  /** For a trial run: 60 makes a second of every minute. */
  readonly speedUp?: number;
}

const intervalMs = 15_000;

/** A rule file for Prometheus 2.42 or later (`keep_firing_for`): https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export function prometheusRules({ rules, speedUp = 1 }: PrometheusRulesOptions): string {
  const duration: WriteDuration = (ms) => durationText(Math.max(1000, ms / speedUp));
  const written = rules.map((rule) => ({ rule, expression: promqlOf(rule.condition, duration) }));
  const ownOnly = written.filter(({ expression }) => expression === undefined).map(({ rule }) => rule.name);
  const inPart = written.filter(({ rule, expression }) => expression !== undefined && needsFacts(rule.condition));
  return [
    '# Made from src/alerts/rules.ts by `zava-mcp-server alerts prometheus`; a test keeps it up to date. Do not edit.',
    '#',
    '# Only the server itself can evaluate these, since no metric holds what they need (they concern single callers, or are',
    '# found out by looking); it tells its own channels:',
    `#   ${[...new Set(ownOnly)].join(', ')}`,
    '# Of these, Prometheus sees the part that metrics show:',
    `#   ${[...new Set(inPart.map(({ rule }) => rule.name))].join(', ')}`,
    'groups:',
    '  - name: zava-mcp-server',
    `    interval: ${duration(intervalMs)}`,
    '    rules:',
    ...written.flatMap(({ rule, expression }) => (expression === undefined ? [] : ruleLines(rule, expression, duration))),
    '',
  ].join('\n');
}

function ruleLines({ name, forMs, severity, summary, action }: AlertRule, expression: string, duration: WriteDuration): string[] {
  return [
    `      - alert: ${name}`,
    // Strings of JSON are strings of YAML.
    `        expr: ${JSON.stringify(expression)}`,
    ...(forMs === 0 ? [] : [`        for: ${duration(forMs)}`]),
    // As in the server: one good evaluation resolves nothing.
    `        keep_firing_for: ${duration(2 * intervalMs)}`,
    '        labels:',
    `          severity: ${severity}`,
    '        annotations:',
    `          summary: ${JSON.stringify(summary)}`,
    `          action: ${JSON.stringify(action)}`,
  ];
}

function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
