import { daysBetween } from '../core/day.ts';
import { AppError } from '../core/errors.ts';
import type { MetricsDefinition } from '../core/metrics-definition.ts';
import { chooseSources } from './choose-sources.ts';
import { partSql } from './part.ts';
import type { Period, Shift } from './period.ts';
import { type MetricsRequest, measuresIn } from './request.ts';

/** `f` are the figures of each group, `v` the metrics made of them. */
export function writeStatement(definition: MetricsDefinition, request: MetricsRequest): string {
  const { metrics, dimensions, filters, grain, period, compared } = request;
  const measures = [...new Set(metrics.flatMap(({ expression }) => measuresIn(expression)))];
  const keys = [...new Set([...dimensions, ...filters.map(({ dimension }) => ({ name: dimension }))].map(({ name }) => name))];
  const choose = (over: Period, shift?: Shift) =>
    chooseSources(definition.sources, { measures, keys, grain, period: over, shift });
  const shape = { measures, types: definition.measures, dimensions, filters, grain, compares: compared !== undefined };
  const now = choose(period).map((part) => ({ part, text: partSql(part, shape) }));
  const before =
    compared === undefined
      ? []
      : choose(compared, compared.shift).map((part) => ({ part, text: partSql(part, shape, compared.shift) }));
  const parts = [...now, ...before];
  const current = parts.find(({ part }) => part.source.time === undefined);
  if (compared !== undefined && current !== undefined) {
    throw new AppError('invalid_input', `${current.part.measures.join(', ')} is known as of now only, without history`, {
      hint: 'Leave out compare_to.',
    });
  }
  const rows = parts.map(({ text }) => text).join(' UNION ALL ');
  return answerSql(request, valuesSql(request, figuresSql(request, measures, rows)));
}

const groupColumns = ({ dimensions, grain }: MetricsRequest) => [
  ...dimensions.map((_, index) => `k${index}`),
  ...(grain === undefined ? [] : ['bucket']),
];

/** Groups with their measures; with a comparison those of before as well, as `<measure>_before`. */
function figuresSql(request: MetricsRequest, measures: readonly string[], rows: string): string {
  const keys = groupColumns(request).map((column) => `u.${column}`);
  const sums = measures.flatMap((measure) =>
    request.compared === undefined
      ? [`sum(u.${measure})::numeric AS ${measure}`]
      : [
          `sum(u.${measure}) FILTER (WHERE u.now)::numeric AS ${measure}`,
          `sum(u.${measure}) FILTER (WHERE NOT u.now)::numeric AS ${measure}_before`,
        ],
  );
  const grouping = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
  return `SELECT ${[...keys, ...sums].join(', ')} FROM (${rows}) AS u${grouping}`;
}

/** The metrics of each group; `total` is the first one over the group's whole time, which groups are ranked by. */
function valuesSql(request: MetricsRequest, figures: string): string {
  const { metrics, dimensions, grain, period, compared, groups } = request;
  const keys = groupColumns(request).map((column) => `f.${column}`);
  const ofTime = grain === undefined ? '' : 'PARTITION BY f.bucket';
  const over = (suffix: string, days: number) => (name: string, all: boolean) => {
    if (name === 'days') return String(days);
    const column = `coalesce(f.${name}${suffix}, 0)`;
    return all ? `sum(${column}) OVER (${ofTime})` : column;
  };
  const values = metrics.flatMap(({ expression, decimals }, index) => [
    `${rounded(filled(expression, over('', daysBetween(period.first, period.last))), decimals)} AS m${index}`,
    ...(compared === undefined
      ? []
      : [`${rounded(filled(expression, over('_before', daysBetween(compared.first, compared.last))), decimals)} AS b${index}`]),
  ]);
  const ranked = metrics[0];
  if (grain === undefined || dimensions.length === 0 || ranked === undefined) {
    // The best are found before their labels are: a limit of ten then joins ten
    const best =
      dimensions.length === 0 || grain !== undefined
        ? ''
        : ` ORDER BY m0 ${direction(request)}, ${keys.join(', ')} LIMIT ${groups + 1}`;
    return `SELECT ${[...keys, ...values].join(', ')} FROM (${figures}) AS f${best}`;
  }
  const ofGroup = dimensions.map((_, index) => `f.k${index}`).join(', ');
  const total = filled(ranked.expression, (name, all) =>
    name === 'days'
      ? String(daysBetween(period.first, period.last))
      : `sum(coalesce(f.${name}, 0)) OVER (${all ? '' : `PARTITION BY ${ofGroup}`})`,
  );
  return `SELECT ${[...keys, ...values].join(', ')}, ${total} AS total FROM (${figures}) AS f`;
}

const direction = ({ ascending }: MetricsRequest) => (ascending ? 'ASC NULLS LAST' : 'DESC NULLS LAST');

const filled = (expression: string, column: (name: string, all: boolean) => string): string =>
  expression.replace(/\{(all\.)?(\w+)\}/g, (_, all: string | undefined, name: string) => column(name, all !== undefined));

const rounded = (sql: string, decimals: number) => (decimals === 0 ? `(${sql})::bigint` : `round(${sql}, ${decimals})`);

/** Labels in place of keys, changes beside values, the best groups first; one group more than wanted tells that there are more. */
function answerSql(request: MetricsRequest, values: string): string {
  const { metrics, dimensions, grain, compared, groups } = request;
  const labels = dimensions.flatMap(({ labels: columns }, index) =>
    columns.map(({ name, sql }) => `${keyed(sql, index)} AS ${name}`),
  );
  const joins = dimensions.flatMap(({ join }, index) => (join === undefined ? [] : [` ${keyed(join, index)}`])).join('');
  const columns = metrics.flatMap(({ name }, index) => [
    `v.m${index} AS ${name}`,
    ...(compared === undefined ? [] : changesSql(name, index)),
  ]);
  const bucket = grain === undefined ? [] : [`v.bucket AS ${grain}`];
  const head = `SELECT ${[...labels, ...bucket, ...columns].join(', ')} FROM `;
  const order = direction(request);
  const keys = dimensions.map((_, index) => `v.k${index}`);
  if (dimensions.length === 0) return `${head}(${values}) AS v${grain === undefined ? '' : ' ORDER BY v.bucket'}`;
  if (grain === undefined) return `${head}(${values}) AS v${joins} ORDER BY v.m0 ${order}, ${keys.join(', ')}`;
  const place = `SELECT v.*, dense_rank() OVER (ORDER BY v.total ${order}, ${keys.join(', ')}) AS place FROM (${values}) AS v`;
  return `${head}(${place}) AS v${joins} WHERE v.place <= ${groups + 1} ORDER BY v.place, v.bucket`;
}

const keyed = (sql: string, index: number) => sql.replaceAll('{key}', `v.k${index}`);

const changesSql = (name: string, index: number) => [
  `v.b${index} AS ${name}_previous`,
  `v.m${index} - v.b${index} AS ${name}_change`,
  `round(100.0 * (v.m${index} - v.b${index}) / nullif(abs(v.b${index}), 0), 2) AS ${name}_change_percent`,
];
