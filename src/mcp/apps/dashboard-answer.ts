import type { DashboardFigure } from '../../core/dashboard-definition.ts';
import type { MetricsAnswer } from '../../metrics/get-metrics.ts';
import type { Period } from '../../metrics/period.ts';
import type { Dashboard } from '../../metrics/read-dashboard.ts';
import { splitRows } from '../../query/row-cells.ts';
import type { ToolAnswer } from '../tool-result.ts';

/** What the caller chose, for the page to show again. */
export interface DashboardChoice {
  readonly period: string | undefined;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

/** A member whose value is JSON text already, so that numbers keep the digits which the database sent. */
type Members = readonly (readonly [name: string, json: string])[];

/** Columns that each figure has: its value, that of the compared period, the difference and its percentage. */
const columnsOfFigure = 4;

/** The same figures twice: for the page with the words around them, for a model as compactly as they can be. */
export function dashboardAnswer(dashboard: Dashboard, choice: DashboardChoice): ToolAnswer {
  const { totals, trend, panels } = dashboard;
  const answers = [totals, trend, ...panels.map(({ answer }) => answer)];
  return {
    text: textOf(dashboard),
    structuredJson: structuredOf(dashboard, choice, answers),
    rowCount: answers.reduce((sum, { rowCount }) => sum + rowCount, 0),
  };
}

function structuredOf(dashboard: Dashboard, choice: DashboardChoice, answers: readonly MetricsAnswer[]): string {
  const { definition, period, compared, grain, totals, trend, panels, filters, periods } = dashboard;
  const [row = []] = splitRows(totals.rowsJson);
  const tiles = dashboard.figures.map((figure, index) => {
    const [value = 'null', previous = 'null', , change = 'null'] = row.slice(index * columnsOfFigure);
    return object([...wordsOf(figure, totals), ['value', value], ['previous', previous], ['change_percent', change]]);
  });
  return object([
    ['title', JSON.stringify(definition.title)],
    ['currency', JSON.stringify(definition.currency)],
    ['scope', JSON.stringify(totals.scope)],
    ['words', JSON.stringify({ compared: definition.compared, tenants: definition.tenants })],
    ['period', JSON.stringify(datesOf(period))],
    ['compared', JSON.stringify(datesOf(compared))],
    ['tiles', list(tiles)],
    ['trend', shown(definition.trend.title, [definition.trend.figure], trend, [['grain', JSON.stringify(grain)]])],
    ['panels', list(panels.map(({ panel, answer }) => shown(panel.title, panel.figures, answer)))],
    ['filters', JSON.stringify(filters.map((filter) => ({ ...filter, chosen: choice.filters[filter.dimension] ?? [] })))],
    ['periods', JSON.stringify(periods)],
    ['chosen_period', JSON.stringify(choice.period ?? null)],
    ['duration_ms', String(Math.round(Math.max(...answers.map(({ durationMs }) => durationMs))))],
    ['cached', String(answers.every(({ cached }) => cached))],
    ...(answers.some(({ stale }) => stale) ? ([['stale', 'true']] as const) : []),
    ...(totals.extent ? ([['extent', JSON.stringify(datesOf(totals.extent))]] as const) : []),
  ]);
}

/** Rows of one answer with what a person reads beside them. `labels` columns name a row, the time of a trend among them. */
function shown(title: string, figures: readonly DashboardFigure[], answer: MetricsAnswer, more: Members = []): string {
  return object([
    ['title', JSON.stringify(title)],
    ...more,
    ['labels', String(answer.columns.length - figures.length * columnsOfFigure)],
    ['figures', list(figures.map((figure) => object(wordsOf(figure, answer))))],
    ['columns', JSON.stringify(answer.columns.map(({ name, type, labels }) => ({ name, type, labels })))],
    ['rows', answer.rowsJson],
    ['truncated', String(answer.truncated)],
  ]);
}

const wordsOf = ({ metric, label, format }: DashboardFigure, { definitions }: MetricsAnswer): Members => [
  ['metric', JSON.stringify(metric)],
  ['label', JSON.stringify(label)],
  ['format', JSON.stringify(format)],
  ['definition', JSON.stringify(definitions[metric] ?? '')],
];

/** `c` column names and `r` rows, as every text block has them, under the name of the dimension or the grain. */
function textOf({ period, compared, grain, totals, trend, panels }: Dashboard): string {
  const rows = ({ columns, rowsJson, truncated }: MetricsAnswer): string =>
    object([
      ['c', JSON.stringify(columns.map(({ name }) => name))],
      ['r', rowsJson],
      ...(truncated ? ([['t', 'true']] as const) : []),
    ]);
  return object([
    ['period', JSON.stringify([period.first, period.last])],
    ['previous', JSON.stringify([compared.first, compared.last])],
    ['scope', JSON.stringify(totals.scope)],
    ['total', rows(totals)],
    [grain, rows(trend)],
    ...panels.map(({ panel, answer }) => [panel.dimension, rows(answer)] as const),
    ...(totals.extent ? ([['msg', JSON.stringify(lacking(totals, totals.extent))]] as const) : []),
  ]);
}

const lacking = ({ isEmpty }: MetricsAnswer, { first, last }: Period) =>
  `${isEmpty ? 'nothing in this period' : 'incomplete'}: your data is of ${first} to ${last}`;
const datesOf = ({ first, last }: Period) => ({ start_date: first, end_date: last });
const object = (members: Members): string => `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
const list = (items: readonly string[]): string => `[${items.join(',')}]`;
