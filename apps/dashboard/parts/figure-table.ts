import { figureAt, type Shown } from '../figures.ts';
import { html } from './elements.ts';
import { capital, type Formats } from './format.ts';

export interface TableWords {
  /** Head of the compared figure. */
  readonly before: string;
  /** Writes a label, for example a time. */
  readonly write?: (label: string) => string;
}

/** All of a panel's figures, those that a chart leaves out among them. */
export function figureTable(panel: Shown, formats: Formats, { before, write = (label) => label }: TableWords): HTMLElement {
  const labels = panel.columns.slice(0, panel.labels).map(({ name }) => capital(name.replaceAll('_', ' ')));
  const heads = panel.figures.flatMap(({ label }) => [label, before, 'Change']);
  const row = (cells: Shown['rows'][number]) => {
    const names = cells.slice(0, panel.labels).map((cell) => write(String(cell ?? '')));
    const figures = panel.figures.flatMap(({ format }, index) => {
      const { value, previous, change } = figureAt(panel, cells, index);
      return [formats.exact(value, format), formats.exact(previous, format), formats.change(change)];
    });
    return html(
      'tr',
      {},
      ...names.map((name) => html('th', { scope: 'row' }, name)),
      ...figures.map((figure) => html('td', {}, figure)),
    );
  };
  return html(
    'div',
    { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': `${panel.title}, table` },
    html(
      'table',
      {},
      html('caption', {}, panel.title),
      html('thead', {}, html('tr', {}, ...[...labels, ...heads].map((head) => html('th', { scope: 'col' }, head)))),
      html('tbody', {}, ...panel.rows.map(row)),
    ),
  );
}
