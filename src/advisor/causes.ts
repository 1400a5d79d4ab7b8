import { isMessage } from '../query/guard-rules/tree.ts';
import { isSmall } from './candidates.ts';
import { columnOf, quoted, type Table } from './catalogue.ts';
import type { Condition } from './conditions.ts';
import { nodesOf, type PlanNode } from './planner.ts';
import type { Statement } from './read-workload.ts';
import type { TableUse } from './statement-shape.ts';
import { judgeStatistics } from './table-findings.ts';

export interface Cause {
  readonly cause:
    | 'stale statistics'
    | 'function around a column'
    | 'cast of a column'
    | 'leading wildcard'
    | 'OFFSET paging'
    | 'sequential scan'
    | 'sort spill'
    | 'many calls';
  /** What to do, naming tables and columns, never a value. */
  readonly hint: string;
}

export interface Observed {
  readonly statement: Statement;
  readonly uses: readonly TableUse[];
  /** How it is run as things are; undefined where PostgreSQL would not say. */
  readonly plan: PlanNode | undefined;
  /** Part of the time of all statements, 0..1. */
  readonly share: number;
}

const fewRows = 0.05;
const manyCalls = 500;

/** Likely causes of a statement's time, the surest first. */
export function causesOf({ statement, uses, plan, share }: Observed): Cause[] {
  const large = uses.filter(({ table }) => !isSmall(table));
  const tables = [...new Set(uses.map(({ table }) => table))];
  const causes: Cause[] = [
    ...tables.flatMap((table): Cause[] => {
      const stale = judgeStatistics(table);
      return stale === undefined ? [] : [{ cause: 'stale statistics', hint: `${stale.why}: ${stale.remedy}` }];
    }),
    ...large.flatMap(({ table, conditions }) => conditions.flatMap((condition) => hiddenColumn(table, condition))),
    ...large.flatMap(({ table, conditions }) => conditions.flatMap((condition) => wildcard(table, condition))),
    ...large.flatMap(({ level }): Cause[] =>
      isMessage(level.limitOffset)
        ? [
            {
              cause: 'OFFSET paging',
              hint: 'every page reads all pages before it: continue after the last row seen (WHERE (key) > (last key) ORDER BY key LIMIT n)',
            },
          ]
        : [],
    ),
    ...(plan === undefined ? [] : fromPlan(plan, large)),
  ];
  const blocks = statement.temporaryBlocks / statement.calls;
  if (blocks >= 1)
    causes.push({
      cause: 'sort spill',
      hint: `each call writes about ${Math.ceil((blocks * 8) / 1024)} MB of temporary files: an index in the order that is asked for, fewer columns, or more work_mem for the login ${quoted(statement.login)}`,
    });
  if (statement.calls >= manyCalls && share >= 0.05 && statement.tree.kind === 'SelectStmt')
    causes.push({
      cause: 'many calls',
      hint: `asked ${statement.calls} times: let a cache answer, ask for many rows at once, or keep a rollup`,
    });
  return causes.filter(
    (one, place) => causes.findIndex((other) => other.cause === one.cause && other.hint === one.hint) === place,
  );
}

function hiddenColumn(table: Table, { around, column, kind }: Condition): Cause[] {
  if (around === undefined || kind === 'pattern') return [];
  const name = `${quoted(table.name)}.${quoted(column)}`;
  if (around.kind === 'cast')
    return [
      {
        cause: 'cast of a column',
        hint: `${name} is cast to ${around.name}, which no index of it serves: cast what it is compared with`,
      },
    ];
  const served =
    around.sql !== undefined &&
    table.indexes.some(
      ({ valid, keys }) => valid && keys.some(({ expression, text }) => expression && same(text, around.sql ?? '')),
    );
  if (served) return [];
  if (/^(date_trunc|date_part|extract|to_char|date)$/.test(around.name))
    return [
      {
        cause: 'function around a column',
        hint: `${around.name}() hides ${name} from its indexes: write ${quoted(column)} >= the beginning AND ${quoted(column)} < the end`,
      },
    ];
  const remedy =
    around.kind === 'arithmetic'
      ? 'do the arithmetic on the other side'
      : 'an index over the expression serves it (advise indexes), or compare the plain column';
  return [
    {
      cause: 'function around a column',
      hint: `${around.kind === 'arithmetic' ? 'arithmetic' : `${around.name}()`} hides ${name} from its indexes: ${remedy}`,
    },
  ];
}

const same = (a: string, b: string) => a.replace(/[\s()"]|::text/g, '') === b.replace(/[\s()"]|::text/g, '');

function wildcard(table: Table, { kind, pattern, column }: Condition): Cause[] {
  if (kind !== 'pattern' || (pattern?.begins === 'text' && !pattern.insensitive)) return [];
  const trigram = table.indexes.some(
    ({ valid, keys }) => valid && keys.some(({ text, options }) => options.includes('trgm') && text.includes(column)),
  );
  if (trigram) return [];
  const name = `${quoted(table.name)}.${quoted(column)}`;
  const unless =
    pattern?.begins === 'unknown' ? ' (statistics keep no patterns: where all begin with text, text_pattern_ops is smaller)' : '';
  return [{ cause: 'leading wildcard', hint: `a pattern within ${name} reads every row: a trigram index serves it${unless}` }];
}

/** What PostgreSQL wrote into the plan by itself: a cast of a column that the statement does not show. */
const castInFilter = /\(\(?(\w+)\)::(numeric|double precision|timestamp with(?:out)? time zone|date)\b/;

function fromPlan(plan: PlanNode, uses: readonly TableUse[]): Cause[] {
  return [...nodesOf(plan)].flatMap((node): Cause[] => {
    const use = uses.find(({ table }) => table.name === node['Relation Name']);
    if (use === undefined || node['Node Type'] !== 'Seq Scan' || node.Filter === undefined) return [];
    const [, column, type] = castInFilter.exec(node.Filter) ?? [];
    const castByStatement = use.conditions.some(({ around, column: own }) => around !== undefined && own === column);
    const implicit = column !== undefined && !castByStatement && use.table.columns.some(({ name }) => name === column);
    if (implicit)
      return [
        {
          cause: 'cast of a column',
          hint: `${quoted(use.table.name)}.${quoted(column)} is compared with a ${type}: give the value the column's own type`,
        },
      ];
    const share = node['Plan Rows'] / Math.max(1, use.table.rows);
    if (share > fewRows) return [];
    const first = use.table.indexes.some(
      ({ valid, keys }) => valid && use.conditions.some((one) => one.column === columnOf(keys[0])),
    );
    return [
      {
        cause: 'sequential scan',
        hint: `reads all of ${quoted(use.table.name)} for about ${percent(share)} of its rows: ${first ? 'its indexes do not fit the conditions; ' : ''}see advise indexes`,
      },
    ];
  });
}

const percent = (share: number) => (share < 0.01 ? 'a hundredth or less' : `${Math.round(100 * share)} %`);
