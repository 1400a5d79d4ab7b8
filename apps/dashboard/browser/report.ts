import { html } from '../parts/elements.ts';
import { capital } from '../parts/format.ts';

/** What the operators' pages answer (src/health/operations-report.ts). */
export interface Report {
  readonly generated_at: string;
  readonly sections: readonly Section[];
}

interface Section {
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export function reportView({ generated_at, sections }: Report): HTMLElement {
  return html(
    'div',
    { class: 'report' },
    ...sections.map(section),
    html('p', { class: 'note' }, `As of ${generated_at.slice(0, 19).replace('T', ' ')} UTC`),
  );
}

function section({ title, note, columns, rows }: Section): HTMLElement {
  const table = html(
    'table',
    {},
    html('caption', {}, title),
    html('thead', {}, html('tr', {}, ...columns.map((column) => html('th', { scope: 'col' }, capital(column))))),
    html('tbody', {}, ...rows.map((row) => html('tr', {}, ...row.map(cell)))),
  );
  return html(
    'section',
    { class: 'panel' },
    html('h2', {}, title),
    ...(note === undefined ? [] : [html('p', { class: 'note' }, note)]),
    rows.length === 0
      ? html('p', { class: 'note' }, 'Nothing so far.')
      : html('div', { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': `${title}, table` }, table),
  );
}

function cell(value: string | number | null, index: number): HTMLElement {
  const text = value === null ? '–' : typeof value === 'number' ? value.toLocaleString() : value;
  return index === 0 ? html('th', { scope: 'row' }, text) : html('td', {}, text);
}
