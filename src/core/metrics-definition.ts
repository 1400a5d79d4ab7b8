import type { Permission } from './principal.ts';

/** What a measure is before anything is made of it: a sum or a count over the rows of a source. */
export interface MeasureDefinition {
  /** PostgreSQL's type. */
  readonly type: 'int8' | 'numeric';
}

/**
 * Relations that measures can be read from, as a fragment of SQL: `from`, and the joins of the aliases that an expression names.
 * The server puts fragments together and never takes one from a caller.
 */
export interface MetricSource {
  readonly name: string;
  readonly from: string;
  /** By alias; joined where an expression begins with `<alias>.` or a join that is needed does. */
  readonly joins?: Readonly<Record<string, string>>;
  readonly where?: string;
  /** The date that a row belongs to: its own, or the first day of its month. Absent: rows tell of this moment, without history. */
  readonly time?: { readonly column: string; readonly per: 'day' | 'month' };
  /** What rows can be grouped and filtered by, by dimension. */
  readonly keys: Readonly<Record<string, string>>;
  /** Measures that add up over any rows. */
  readonly sums?: Readonly<Record<string, string>>;
  /** Measures that hold for a whole group, such as a count of different people, as aggregates. They never add up. */
  readonly counts?: Readonly<Record<string, string>>;
  /** Rows are first gathered by this expression, with the number of `times` as `g.times`; counts then count what was gathered. */
  readonly gathered?: { readonly by: string; readonly times: string };
}

export interface DimensionDefinition {
  readonly name: string;
  readonly meaning: string;
  /** Columns of the answer; `{key}` stands for the key that sources group by. */
  readonly labels: readonly { readonly name: string; readonly sql: string }[];
  /** Brings the labels in, where the key is not the label itself. */
  readonly join?: string;
  /** The names that a filter may give: of tenants or of their groups in the caller's scope, true or false, or a SELECT of `id` and `value`. */
  readonly names: 'tenants' | 'groups' | 'boolean' | { readonly sql: string };
}

/**
 * SQL that is likely to be taken for a metric and is something else. All that is said must hold for one column of a SELECT's result, so
 * that honest questions are left alone. Columns are written `relation.column`.
 */
export interface Misreading {
  readonly aggregate: 'sum' | 'avg' | 'count';
  /** The columns that the aggregate's argument is made of, neither more nor less; none for `count(*)`. */
  readonly of: readonly string[];
  /** A relation that stands in the same FROM. */
  readonly beside?: string;
  /** What the result's column is called. */
  readonly named?: RegExp;
  readonly notNamed?: RegExp;
  /** Columns that, in the same result column or in GROUP BY, show that the author knows. */
  readonly unless?: readonly string[];
  /** What the figure is, and what to write instead. */
  readonly hint: string;
}

export interface MetricDefinition {
  readonly name: string;
  /** One sentence that an auditor would sign: given with every answer. */
  readonly definition: string;
  /**
   * SQL over measures in braces. `{all.x}` is the measure over every group of the answer (of the same time, where there is a grain), and
   * `{days}` the number of days of the period.
   */
  readonly expression: string;
  /** Digits after the point; 0 gives a whole number. */
  readonly decimals: number;
  /** Beyond the tool's own. */
  readonly permission?: Permission;
  readonly misreadings?: readonly Misreading[];
}

/** Everything that the metrics tool may answer: what is not declared here cannot be asked. */
export interface MetricsDefinition {
  readonly measures: Readonly<Record<string, MeasureDefinition>>;
  /** Cheapest first: the first that has what is asked for is read. */
  readonly sources: readonly MetricSource[];
  readonly dimensions: readonly DimensionDefinition[];
  readonly metrics: readonly MetricDefinition[];
  /** SELECT of the first and the last day that the caller's rows belong to. */
  readonly extent: string;
}
