import type { DimensionDefinition, MeasureDefinition, MetricSource } from '../core/metrics-definition.ts';
import type { Part } from './choose-sources.ts';
import type { Grain, Shift } from './period.ts';
import type { KeyFilter } from './request.ts';

export interface PartShape {
  readonly measures: readonly string[];
  readonly types: Readonly<Record<string, MeasureDefinition>>;
  readonly dimensions: readonly Pick<DimensionDefinition, 'name'>[];
  readonly filters: readonly KeyFilter[];
  readonly grain?: Grain | undefined;
  /** True where rows of now and of before are told apart. */
  readonly compares: boolean;
}

/**
 * One arm of the union: keys, time, measures, each where every arm has it. Measures that the part does not hold are NULL. `shift`
 * moves the days of a part of before onto those that they are compared with.
 */
export function partSql({ source, range, measures: held }: Part, shape: PartShape, shift?: Shift): string {
  const { measures, types, dimensions, filters, grain, compares } = shape;
  const keys = dimensions.map(({ name }, index) => ({ sql: source.keys[name] ?? 'NULL', name: `k${index}` }));
  const time =
    source.time === undefined || grain === undefined ? [] : [{ sql: bucketSql(source.time, grain, shift), name: 'bucket' }];
  const groups = [...keys, ...time];
  const isGrouped = held.some((name) => source.counts?.[name] !== undefined);
  const measureSql = (name: string): string => {
    if (!held.includes(name)) return `NULL::${types[name]?.type}`;
    const sum = source.sums?.[name];
    return source.counts?.[name] ?? (isGrouped ? `sum(${sum})` : sum) ?? 'NULL';
  };
  const conditions = [
    ...(range && source.time
      ? [`${source.time.column} >= DATE '${range.first}'`, `${source.time.column} <= DATE '${range.last}'`]
      : []),
    ...filters.map(({ dimension, keys: allowed }) => isOneOf(source.keys[dimension] ?? 'NULL', allowed)),
    ...(source.where === undefined ? [] : [source.where]),
  ];
  const values = measures.map((name) => `${measureSql(name)} AS ${name}`);
  const marked = compares ? [`${shift === undefined} AS now`] : [];
  const used = [...groups.map(({ sql }) => sql), ...values, ...conditions];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const from = `${source.from}${joinsFor(source, used)}${where}`;
  if (source.gathered !== undefined) return gatheredSql(source.gathered, { groups, marked, values, from });
  const columns = [...groups.map(({ sql, name }) => `${sql} AS ${name}`), ...marked, ...values];
  const grouping = isGrouped && groups.length > 0 ? ` GROUP BY ${groups.map((_, index) => index + 1).join(', ')}` : '';
  return `SELECT ${columns.join(', ')} FROM ${from}${grouping}`;
}

interface Gathered {
  readonly groups: readonly { readonly sql: string; readonly name: string }[];
  readonly marked: readonly string[];
  readonly values: readonly string[];
  readonly from: string;
}

/** Rows are first gathered by person (or whatever the source says), then counted within the group. */
function gatheredSql({ by, times }: NonNullable<MetricSource['gathered']>, { groups, marked, values, from }: Gathered): string {
  const columns = groups.map(({ sql, name }) => `${sql} AS ${name}`);
  const inner = `SELECT ${[...columns, `${times} AS times`].join(', ')} FROM ${from} GROUP BY ${[...groups.map((_, index) => String(index + 1)), by].join(', ')}`;
  const names = groups.map(({ name }) => `g.${name}`);
  const grouping = names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`;
  return `SELECT ${[...names, ...marked, ...values].join(', ')} FROM (${inner}) AS g${grouping}`;
}

/** Joins whose alias one of the expressions, or a join that is needed, names. */
function joinsFor({ joins = {} }: MetricSource, expressions: readonly string[]): string {
  const names = (alias: string, text: string) => new RegExp(`(?<![\\w.])${alias}\\.`).test(text);
  return Object.entries(joins)
    .filter(([alias]) => expressions.some((text) => names(alias, text)))
    .map(([, join]) => ` ${join}`)
    .join('');
}

const isOneOf = (column: string, keys: readonly (number | boolean)[]): string =>
  keys.length === 1 ? `${column} = ${keys[0]}` : `${column} IN (${keys.join(', ')})`;

function bucketSql({ column, per }: NonNullable<MetricSource['time']>, grain: Grain, shift: Shift | undefined): string {
  const moved =
    shift === undefined
      ? column
      : 'days' in shift
        ? `(${column} + ${shift.days})`
        : `(${column} + interval '${shift.months} months')`;
  const isBucket = grain === 'day' || (grain === 'month' && per === 'month');
  if (isBucket) return shift === undefined ? column : `${moved}::date`;
  return `date_trunc('${grain}', ${moved})::date`;
}
