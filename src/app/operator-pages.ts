import type { HealthReport } from '../health/health-report.ts';
import type { OperatorPage, OperatorRoutesOptions } from '../http/operator-routes.ts';
import type { McpServing } from '../mcp/serving.ts';
import type { Sample } from '../telemetry/metrics/metric-store.ts';
import { prometheusContentType, prometheusText } from '../telemetry/metrics/prometheus-text.ts';

export interface OperatorParts {
  /** Of all processes of this server. */
  readonly samples: () => Promise<readonly Sample[]>;
  readonly health: HealthReport;
}

export async function metricsPage(samples: OperatorParts['samples']): Promise<OperatorPage> {
  return { contentType: prometheusContentType, body: prometheusText(await samples()) };
}

export function operatorPages({ samples, health }: OperatorParts): OperatorRoutesOptions['pages'] {
  return {
    '/metrics': () => metricsPage(samples),
    '/health/detailed': async () => json(await health.current()),
  };
}

/** Who may see the operators' pages. */
export function operatorsOnly({ admit }: Pick<McpServing, 'admit'>): OperatorRoutesOptions['admit'] {
  return (principal, name) => admit(principal, { name, permission: 'ops:read', needsTenants: false });
}

const json = (value: unknown): OperatorPage => ({ contentType: 'application/json', body: JSON.stringify(value) });
