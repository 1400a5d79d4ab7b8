import { AppError } from '../../core/errors.ts';
import type { HealthReport } from '../../health/health-report.ts';
import type { OperatorPage, OperatorRoutesOptions } from '../../http/operator-routes.ts';
import type { McpServing } from '../../mcp/serving.ts';
import type { Sample } from '../../telemetry/metrics/metric-store.ts';
import { prometheusContentType, prometheusText } from '../../telemetry/metrics/prometheus-text.ts';
import { bottlenecks, type LatelyMeasured } from '../../telemetry/traces/bottlenecks.ts';
import type { RecordedRequest } from '../../telemetry/traces/recorded-request.ts';
import { spanTree } from '../../telemetry/traces/trace.ts';
import { traceReport } from '../../telemetry/traces/trace-report.ts';

export interface OperatorParts {
  /** Of all processes of this server. */
  readonly samples: () => Promise<readonly Sample[]>;
  readonly health: HealthReport;
  /** Of the last thousand requests of each process. */
  readonly findTrace: (requestId: string) => Promise<RecordedRequest | undefined>;
  readonly lately: () => LatelyMeasured;
  /** As spans name it. */
  readonly databaseName: string;
}

export async function metricsPage(samples: OperatorParts['samples']): Promise<OperatorPage> {
  return { contentType: prometheusContentType, body: prometheusText(await samples()) };
}

/** Of any request id that this server gives, in answers and in the log. */
const requestIdForm = /^[0-9a-f-]{36}$/;

export function operatorPages({
  samples,
  health,
  findTrace,
  lately,
  databaseName,
}: OperatorParts): OperatorRoutesOptions['pages'] {
  return {
    '/metrics': () => metricsPage(samples),
    '/health/detailed': async () => json(await health.current()),
    '/debug/trace': async (query) => {
      const requestId = query.get('id') ?? '';
      if (!requestIdForm.test(requestId))
        throw new AppError('invalid_input', 'id is the request id of an answer: 36 characters, as X-Request-Id has it');
      const recorded = await findTrace(requestId);
      if (recorded === undefined)
        throw new AppError('not_found', `No trace of ${requestId} is kept`, {
          hint: 'The last 1,000 requests of each process are, and only until it ends.',
        });
      const report = traceReport(requestId, spanTree(recorded, databaseName));
      return json({ ...report, hints: [...report.hints, ...bottlenecks(lately())] });
    },
  };
}

/** Who may see the operators' pages. */
export function operatorsOnly({ admit }: Pick<McpServing, 'admit'>): OperatorRoutesOptions['admit'] {
  return (principal, name) => admit(principal, { name, permission: 'ops:read', needsTenants: false });
}

const json = (value: unknown): OperatorPage => ({ contentType: 'application/json', body: JSON.stringify(value) });
