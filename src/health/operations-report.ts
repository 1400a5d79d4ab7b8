import type { Clock } from '../core/clock.ts';
import type { Observation } from '../core/observation.ts';
import type { History } from '../telemetry/history.ts';

export type ReportCell = string | number | null;

/** A table with its title; what a page shows as it is. */
export interface ReportSection {
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
}

export interface Report {
  readonly generated_at: string;
  readonly sections: readonly ReportSection[];
}

export interface OperationsOptions {
  readonly history: Pick<History, 'durations' | 'hours' | 'events'>;
  readonly databaseAnswers: () => Promise<boolean>;
  readonly load: () => { readonly slots: number; readonly running: number; readonly waiting: number };
  readonly breakers: readonly { readonly name: string; readonly state: () => string }[];
  /** Absent: nothing is cached. */
  readonly cache?: (() => object) | undefined;
  /** Absent: no rules are evaluated. */
  readonly alerts?: (() => AlertsView) | undefined;
  readonly version: string;
  readonly clock: Clock;
}

/** What a process knows of its alerts. */
export interface AlertsView {
  readonly rules: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly state: 'quiet' | 'unknown' | 'pending' | 'firing';
    /** Milliseconds since 1970. */
    readonly since?: number;
    readonly alerts: number;
  }[];
  /** The latest first. */
  readonly events: readonly {
    readonly at: number;
    readonly notice: {
      readonly rule: string;
      readonly severity: string;
      readonly kind: string;
      readonly value: string;
      readonly labels: Readonly<Record<string, string>>;
    };
    readonly told: string;
    readonly deliveries: ReadonlyMap<string, string>;
  }[];
}

const ofThisProcess = 'Of this process, since it started.';

/** What one process knows of itself. Nothing here is collected from other replicas, and each page says so. */
export function createOperationsReport(options: OperationsOptions) {
  const { history, databaseAnswers, load, breakers, cache, alerts, version, clock } = options;
  const report = (sections: readonly ReportSection[]): Report => ({
    generated_at: new Date(clock.now()).toISOString(),
    sections,
  });
  const facts = (title: string, rows: readonly (readonly [string, ReportCell])[], note?: string): ReportSection => ({
    title,
    ...(note && { note }),
    columns: ['what', 'value'],
    rows,
  });
  const events = (kind: Parameters<History['events']>[0], title: string, columns: readonly string[]): ReportSection => ({
    title,
    note: 'The last 100 that this process has seen, the latest first.',
    columns: ['time', ...columns],
    rows: history
      .events(kind)
      .map(({ at, observation }) => [new Date(at).toISOString(), ...columns.map((column) => cellOf(observation, column))]),
  });

  return {
    async overview(): Promise<Report> {
      const answers = await databaseAnswers();
      const { slots, running, waiting } = load();
      return report([
        facts('State', [
          ['database', answers ? 'healthy' : 'unhealthy'],
          ...breakers.map(({ name, state }) => [`circuit breaker: ${name}`, state()] as const),
          ['version', version],
          ['up for seconds', Math.round(process.uptime())],
        ]),
        facts('Connections', [
          ['at most', slots],
          ['running', running],
          ['waiting', waiting],
        ]),
      ]);
    },
    performance(hours: number): Report {
      const durations = [...history.durations()].map(([tool, d]) => [
        tool,
        ...[d.calls, d.failed, d.refused],
        ...[d.minMs, d.meanMs, d.medianMs, d.p95Ms, d.p99Ms, d.maxMs].map(tenth),
      ]);
      const counts = history
        .hours(hours)
        .map(({ startedAt, calls, failed, refused }) => [new Date(startedAt).toISOString(), ...[calls, failed, refused]]);
      return report([
        {
          title: 'Calls of the last hour',
          note: 'Milliseconds; at most the last 1,000 calls a tool.',
          columns: ['tool', 'calls', 'failed', 'refused', 'min', 'mean', 'median', 'p95', 'p99', 'max'],
          rows: durations,
        },
        { title: 'Calls by hour', note: ofThisProcess, columns: ['hour', 'calls', 'failed', 'refused'], rows: counts },
        events('slow_query', 'Slow queries', ['durationMs', 'rowCount', 'text']),
        ...(cache === undefined
          ? []
          : [
              facts(
                'Result cache',
                Object.entries(cache()).map(([name, value]) => [name, cellFrom(value)]),
              ),
            ]),
      ]);
    },
    alerts(): Report {
      return report([...alertSections(alerts?.()), events('fault_met', 'Faults', ['where', 'requestId'])]);
    },
    diagnostics(): Report {
      const { rss, heapUsed } = process.memoryUsage();
      return report([
        facts('Process', [
          ['node', process.version],
          ['resident memory, bytes', rss],
          ['heap in use, bytes', heapUsed],
        ]),
        events('request_refused', 'Refused requests', ['code', 'httpStatus', 'subject', 'requestId']),
        events('access_refused', 'Refused at the door', ['code', 'step', 'subject', 'requestId']),
      ]);
    },
  };
}
export type OperationsReport = ReturnType<typeof createOperationsReport>;

function alertSections(view: AlertsView | undefined): ReportSection[] {
  const rules: ReportSection = {
    title: 'Alerts',
    note:
      view === undefined
        ? 'No rules are evaluated in this process: an empty table is not an all-clear.'
        : 'Of this process. Unknown: what the rule needs is not there, which is no all-clear.',
    columns: ['rule', 'severity', 'state', 'since', 'how many'],
    rows: (view?.rules ?? []).map(({ rule, severity, state, since, alerts }) => [
      ...[rule, severity, state, since === undefined ? null : timeOf(since)],
      alerts,
    ]),
  };
  if (view === undefined) return [rules];
  const events: ReportSection = {
    title: 'What has happened',
    note: 'The last 1,000 beginnings, reminders and ends that this process has seen, the latest first.',
    columns: ['time', 'rule', 'severity', 'what', 'about', 'value', 'told', 'channels'],
    rows: view.events.map(({ at, notice, told, deliveries }) => [
      ...[timeOf(at), notice.rule, notice.severity, notice.kind, pairs(Object.entries(notice.labels)), notice.value, told],
      pairs([...deliveries]),
    ]),
  };
  return [rules, events];
}

const timeOf = (ms: number): string => new Date(ms).toISOString();
const pairs = (entries: readonly (readonly [string, string])[]): string =>
  entries.map(([name, text]) => `${name}: ${text}`).join(', ');

const cellOf = (observation: Observation, name: string): ReportCell => {
  const value: unknown = Reflect.get(observation, name);
  return name === 'durationMs' ? tenth(Number(value)) : cellFrom(value);
};
const cellFrom = (value: unknown): ReportCell => (typeof value === 'string' || typeof value === 'number' ? value : null);
const tenth = (value: number): number => Math.round(value * 10) / 10;
