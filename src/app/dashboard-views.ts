import type { Clock } from '../core/clock.ts';
import { AppError, type ErrorBody, errorCatalogue } from '../core/errors.ts';
import { askerOf, type Note, type ToolCalled } from '../core/observation.ts';
import type { OperationsReport, Report } from '../health/operations-report.ts';
import type { DashboardViews, ViewAnswer, ViewRequest } from '../http/dashboard/dashboard-routes.ts';
import type { McpServing } from '../mcp/serving.ts';

export interface DashboardViewsOptions {
  readonly mcp: Pick<McpServing, 'admit' | 'answer'>;
  readonly operations: OperationsReport;
  readonly clock: Clock;
  readonly note: Note;
}

const operationsPermission = 'ops:read';
const salesTool = 'read_sales_dashboard';
const defaultHours = 24;

/** The sales page is the tool's own answer, admitted and recorded as a call of it; the others are reports for operators. */
export function createDashboardViews({ mcp, operations, clock, note }: DashboardViewsOptions): DashboardViews {
  const reports: Readonly<Record<string, (query: URLSearchParams) => Report | Promise<Report>>> = {
    overview: () => operations.overview(),
    performance: (query) => operations.performance(hoursIn(query)),
    alerts: () => operations.alerts(),
    diagnostics: () => operations.diagnostics(),
  };
  const visible = ({ permissions }: ViewRequest['principal']) => [
    ...(permissions.has('sales:read') ? ['business'] : []),
    ...(permissions.has(operationsPermission) ? Object.keys(reports) : []),
  ];
  const business = async ({ query, ...call }: ViewRequest): Promise<ViewAnswer> => {
    const { text, structuredJson, isError } = await mcp.answer(salesTool, argumentsIn(query), call);
    if (isError) return { status: errorCatalogue[(JSON.parse(text) as ErrorBody).code].httpStatus, json: text };
    return { status: 200, json: `{"views":${JSON.stringify(visible(call.principal))},"dashboard":${structuredJson}}` };
  };
  const reportView =
    (name: string, make: (typeof reports)[string]) =>
    async (request: ViewRequest): Promise<ViewAnswer> => {
      const { principal, requestId, query } = request;
      const tool = `dashboard_${name}`;
      await mcp.admit(principal, { name: tool, permission: operationsPermission, needsTenants: false });
      const startedAt = clock.monotonic();
      const called = (how: Pick<ToolCalled, 'outcome' | 'code'>) =>
        note({
          kind: 'tool_called',
          requestId,
          ...askerOf(principal),
          tool,
          ...how,
          durationMs: clock.monotonic() - startedAt,
        });
      try {
        const report = await make(query);
        called({ outcome: 'answered' });
        return { status: 200, json: JSON.stringify(report) };
      } catch (error) {
        called({ outcome: 'failed', code: error instanceof AppError ? error.code : 'internal' });
        throw error;
      }
    };
  return {
    views: {
      business,
      ...Object.fromEntries(Object.entries(reports).map(([name, make]) => [name, reportView(name, make)])),
    },
    async visibleTo({ principal }) {
      const views = visible(principal);
      // Says which permission is missing, as every refusal does.
      if (views.length === 0) await mcp.admit(principal, { name: salesTool, permission: 'sales:read', needsTenants: true });
      return views;
    },
  };
}

/** `period`, and every other parameter as a filter of that dimension. */
function argumentsIn(query: URLSearchParams): object {
  const period = query.get('period');
  const names = [...new Set(query.keys())].filter((name) => name !== 'period');
  // Validation would pass over this name in silence, and the answer would be one without the filter.
  if (names.includes('__proto__')) throw new AppError('invalid_input', '__proto__ is no dimension');
  const filters = Object.fromEntries(names.map((name) => [name, query.getAll(name)]));
  return { ...(period === null ? {} : { period }), filters };
}

function hoursIn(query: URLSearchParams): number {
  const hours = Number(query.get('hours') ?? defaultHours);
  if (Number.isInteger(hours) && hours >= 1 && hours <= defaultHours) return hours;
  throw new AppError('invalid_input', `hours is a whole number of 1 to ${defaultHours}: that long the counts are kept`);
}
