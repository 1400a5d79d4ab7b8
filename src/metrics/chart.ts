import { type Cell, splitRows } from '../query/row-cells.ts';

const blocks = '▁▂▃▄▅▆▇█';
const widest = 24;
const mostBars = 20;

export interface Charted {
  readonly rowsJson: string;
  /** Columns that name a row's group. */
  readonly labels: number;
  /** True where a time follows the labels. */
  readonly hasTime: boolean;
}

/** The first figure as text: one sparkline a group over time, one bar a row otherwise. Undefined where there is nothing to see. */
export function textChart({ rowsJson, labels, hasTime }: Charted): string | undefined {
  const rows = splitRows(rowsJson);
  const figure = labels + (hasTime ? 1 : 0);
  const named = rows.map((row) => ({ name: row.slice(0, labels).map(plain).join(' '), value: Number(row[figure]) || 0 }));
  const lines = hasTime ? sparklines(named) : bars(named);
  return rows.length < 2 || lines.length > mostBars ? undefined : lines.join('\n');
}

interface Named {
  readonly name: string;
  readonly value: number;
}

function sparklines(rows: readonly Named[]): string[] {
  const series = new Map<string, number[]>();
  for (const { name, value } of rows) series.set(name, [...(series.get(name) ?? []), value]);
  return [...series].map(([name, values]) => `${sparkline(values)}${name && ` ${name}`}`);
}

function sparkline(values: readonly number[]): string {
  const least = Math.min(...values);
  const span = Math.max(...values) - least;
  return values.map((value) => blocks[span === 0 ? 0 : Math.round(((value - least) / span) * (blocks.length - 1))]).join('');
}

function bars(rows: readonly Named[]): string[] {
  const most = Math.max(...rows.map(({ value }) => Math.abs(value)), 0);
  return rows.map(({ name, value }) => {
    const length = most === 0 ? 0 : Math.round((Math.abs(value) / most) * widest);
    return `${'█'.repeat(length).padEnd(widest, '·')} ${name}`;
  });
}

const plain = (cell: Cell): string => (cell.startsWith('"') ? (JSON.parse(cell) as string) : cell);
