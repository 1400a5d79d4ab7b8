import type { DashboardDefinition, DashboardFigure } from '../core/dashboard-definition.ts';

const revenue: DashboardFigure = { metric: 'revenue', label: 'Revenue', format: 'money' };
const units: DashboardFigure = { metric: 'units', label: 'Units', format: 'count' };
const orders: DashboardFigure = { metric: 'orders', label: 'Orders', format: 'count' };

/** The sales dashboard. Trade has seasons, so a period is compared with the same one of the year before. */
export const retailDashboard: DashboardDefinition = {
  title: 'Zava sales',
  currency: 'USD',
  compareTo: 'same_last_year',
  compared: 'year before',
  tenants: 'stores',
  tiles: [
    revenue,
    orders,
    { metric: 'average_order_value', label: 'Average order', format: 'money' },
    units,
    { metric: 'customers', label: 'Customers', format: 'count' },
    { metric: 'margin_percent', label: 'Margin', format: 'percent' },
  ],
  trend: { title: 'Revenue over time', figure: revenue },
  panels: [
    { title: 'Categories', dimension: 'category', figures: [revenue, units], limit: 12 },
    { title: 'Stores', dimension: 'store', figures: [revenue, orders], limit: 20 },
    { title: 'Top products', dimension: 'product', figures: [revenue, units], limit: 10 },
  ],
  filters: [
    { dimension: 'store', label: 'Store' },
    { dimension: 'category', label: 'Category' },
  ],
};
