import type { Misreading } from '../core/metrics-definition.ts';

/** What is often written for a metric and is something else: each list belongs to the metric of its name in `metrics.ts`. */
const certified = (metric: string) => `get_sales_metrics has ${metric} as defined`;
const knownDiscount = ['order_items.discount_amount', 'order_items.discount_percent', 'order_items.total_amount'];

export const revenueMisreadings: readonly Misreading[] = [
  {
    aggregate: 'sum',
    of: ['order_items.quantity', 'order_items.unit_price'],
    named: /revenue|sales|turnover|income|order_value/i,
    notNamed: /gross|list|before|full|undiscounted/i,
    unless: knownDiscount,
    hint: `quantity * unit_price leaves discounts out: revenue is sum(order_items.total_amount). ${certified('revenue')}`,
  },
  ...(['sum', 'avg'] as const).map((aggregate) => ({
    aggregate,
    of: ['orders.total_amount'],
    beside: 'order_items',
    hint: `orders.total_amount is repeated for each line that the join finds: sum order_items.total_amount, or leave order_items out. ${certified('revenue')}`,
  })),
];

const countsOrders = /^(?:n|nr|no|num|number|count|total)?_?(?:of_)?orders?(?:_?(?:count|num|number|total))?$/i;
export const ordersMisreadings: readonly Misreading[] = [
  [],
  ['order_items.order_id'],
  ['order_items.order_item_id'],
  ['orders.order_id'],
].map((of) => ({
  aggregate: 'count',
  of,
  beside: 'order_items',
  named: countsOrders,
  unless: of.includes('order_items.order_id') ? [] : ['order_items.order_id'],
  hint: `This counts order lines: orders are count(DISTINCT order_id). ${certified('orders')}`,
}));

const notOfOrders = /line|item/i;
const averageHint = `This is the average line: an order's value is that of all its lines, avg(orders.total_amount). ${certified('average_order_value')}`;

export const averageOrderMisreadings: readonly Misreading[] = [
  {
    aggregate: 'avg',
    of: ['order_items.total_amount'],
    named: /order/i,
    notNamed: notOfOrders,
    hint: averageHint,
  },
  {
    aggregate: 'count',
    of: [],
    beside: 'order_items',
    named: /average_order|avg_order|order_value|aov/i,
    notNamed: notOfOrders,
    unless: ['order_items.order_id'],
    hint: averageHint,
  },
];
