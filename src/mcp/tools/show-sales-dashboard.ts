import { z } from 'zod';
import type { MetricsDefinition } from '../../core/metrics-definition.ts';
import type { ToolText } from '../../core/wording.ts';
import type { ReadDashboard } from '../../metrics/read-dashboard.ts';
import { dashboardAnswer } from '../apps/dashboard-answer.ts';
import { defineTool, readOnly } from '../tool.ts';

export const dashboardPageUri = 'ui://sales-dashboard/page.html';

/** Short in the tool list: how long a text and how many names may be, the metrics say. */
const period = z.string().optional();
const names = z.array(z.string());
const output = z.object({ tiles: z.unknown() });

/** Opens the page in hosts that can show one; the text holds the same figures for all others. */
export const showSalesDashboard = (text: ToolText, { dimensions }: MetricsDefinition, readDashboard: ReadDashboard) => {
  const tenantDimension = dimensions.find((dimension) => dimension.names === 'tenants')?.name ?? '';
  return defineTool({
    name: 'show_sales_dashboard',
    title: text.title,
    description: text.description,
    permission: 'sales:read',
    needsTenants: true,
    annotations: readOnly,
    page: { resourceUri: dashboardPageUri },
    input: z.strictObject({ period, store_names: names.optional() }),
    output,
    run: async ({ period, store_names }, call) => {
      const filters = store_names === undefined ? {} : { [tenantDimension]: store_names };
      return dashboardAnswer(await readDashboard({ period, filters }, call), { period, filters });
    },
  });
};

/** For the page alone, when somebody changes a filter: never offered to a model by hosts that know apps. */
export const readSalesDashboard = (text: ToolText, readDashboard: ReadDashboard) =>
  defineTool({
    name: 'read_sales_dashboard',
    title: text.title,
    description: text.description,
    permission: 'sales:read',
    needsTenants: true,
    annotations: readOnly,
    page: { visibility: ['app'] },
    input: z.strictObject({ period, filters: z.record(z.string(), names).optional() }),
    output,
    run: async ({ period, filters = {} }, call) =>
      dashboardAnswer(await readDashboard({ period, filters }, call), { period, filters }),
  });
