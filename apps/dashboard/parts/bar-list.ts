import { figureAt, nameOf, type Shown } from '../figures.ts';
import { changeMark } from './change-mark.ts';
import { html, svg } from './elements.ts';
import type { Formats } from './format.ts';

/** Ranked groups: each line has its name, its figure as text, a bar to compare it by, and its change. */
export function barList(panel: Shown, formats: Formats): HTMLElement {
  const [figure] = panel.figures;
  const rows = panel.rows.map((row) => ({ name: nameOf(panel, row), ...figureAt(panel, row) }));
  const most = Math.max(1e-9, ...rows.map(({ value }) => Math.abs(value ?? 0)));
  return html(
    'ol',
    { class: 'bars' },
    ...rows.map(({ name, value, change }) =>
      html(
        'li',
        {},
        html('span', { class: 'bar-name' }, name),
        html('span', { class: 'bar-value' }, formats.short(value, figure?.format ?? 'count')),
        changeMark(change, formats.change),
        bar(Math.abs(value ?? 0) / most),
      ),
    ),
  );
}

function bar(share: number): SVGElement {
  const width = `${(share * 100).toFixed(1)}%`;
  return svg(
    'svg',
    { class: 'bar', 'aria-hidden': 'true', height: 8 },
    svg('rect', { class: 'bar-track', width: '100%', height: 8, rx: 4 }),
    svg('rect', { class: 'bar-fill', width, height: 8, rx: 4 }),
  );
}
