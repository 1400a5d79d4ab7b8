/** What `show_sales_dashboard` answers (src/mcp/apps/dashboard-answer.ts). All words come with the figures: the page knows none. */
export interface Figure {
  readonly metric: string;
  readonly label: string;
  readonly format: 'money' | 'count' | 'percent';
  readonly definition: string;
}

export interface Tile extends Figure {
  readonly value: number | null;
  readonly previous: number | null;
  readonly change_percent: number | null;
}

export type Cell = string | number | null;

/** `labels` columns name a row; then each figure has its value, the compared one, the difference and that in percent. */
export interface Shown {
  readonly title: string;
  readonly labels: number;
  readonly figures: readonly Figure[];
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly Cell[])[];
  readonly truncated: boolean;
}

export interface Filter {
  readonly dimension: string;
  readonly label: string;
  readonly options: readonly string[];
  readonly chosen: readonly string[];
}

export interface Days {
  readonly start_date: string;
  readonly end_date: string;
}

export interface Dashboard {
  readonly title: string;
  readonly currency: string;
  readonly scope: readonly string[];
  /** What people call the compared period, and several tenants. */
  readonly words: { readonly compared: string; readonly tenants: string };
  readonly period: Days;
  readonly compared: Days;
  readonly tiles: readonly Tile[];
  readonly trend: Shown & { readonly grain: string };
  readonly panels: readonly Shown[];
  readonly filters: readonly Filter[];
  readonly periods: readonly { readonly name: string; readonly label: string }[];
  readonly chosen_period: string | null;
  readonly stale?: boolean;
  /** Present where the period holds nothing. */
  readonly extent?: Days;
}

/** What a person chose. */
export interface Choice {
  readonly period?: string;
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

const columnsOfFigure = 4;

/** One figure of a row. */
export function figureAt({ labels }: Pick<Shown, 'labels'>, row: readonly Cell[], index = 0) {
  const at = labels + index * columnsOfFigure;
  return { value: numberAt(row, at), previous: numberAt(row, at + 1), change: numberAt(row, at + 3) };
}

/** The last label is the name; what stands before it, such as an article number, tells rows of one name apart. */
export const nameOf = ({ labels }: Pick<Shown, 'labels'>, row: readonly Cell[]): string => String(row[labels - 1] ?? '');

function numberAt(row: readonly Cell[], index: number): number | null {
  const value = row[index];
  return value === null || value === undefined ? null : Number(value);
}

export function isDashboard(value: unknown): value is Dashboard {
  return typeof value === 'object' && value !== null && 'tiles' in value && 'trend' in value && 'panels' in value;
}
