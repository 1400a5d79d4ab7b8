import { html } from './elements.ts';

export interface PanelParts {
  readonly title: string;
  readonly note?: string | undefined;
  readonly chart: HTMLElement;
  readonly table: HTMLElement;
  readonly wide?: boolean;
}

/** Titles of the panels that a person wants as tables: they stay so when a filter changes. */
const asTables = new Set<string>();

/** A chart, and the same figures as a table one button away. */
export function panel({ title, note, chart, table, wide = false }: PanelParts): HTMLElement {
  const id = `panel-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  const body = html('div', { class: 'panel-body' });
  const button = html('button', { type: 'button', class: 'as-table', 'aria-label': `${title} as a table`, click: () => turn() });
  const show = () => {
    const isTable = asTables.has(title);
    button.textContent = isTable ? 'Chart' : 'Table';
    button.setAttribute('aria-pressed', String(isTable));
    body.replaceChildren(isTable ? table : chart);
  };
  const turn = () => {
    if (!asTables.delete(title)) asTables.add(title);
    show();
    window.dispatchEvent(new Event('resize'));
  };
  show();
  return html(
    'section',
    { class: wide ? 'panel wide' : 'panel', 'aria-labelledby': id },
    html('header', { class: 'panel-head' }, html('h2', { id }, title), button),
    body,
    ...(note === undefined ? [] : [html('p', { class: 'note' }, note)]),
  );
}
