import type { Tile } from '../figures.ts';
import { changeMark } from './change-mark.ts';
import { html } from './elements.ts';
import type { Formats } from './format.ts';

/** The totals, each with what it was before and what it means. */
export function tiles(all: readonly Tile[], formats: Formats, before: string): HTMLElement {
  return html(
    'dl',
    { class: 'tiles' },
    ...all.map(({ label, format, definition, value, previous, change_percent }) =>
      html(
        'div',
        { class: 'tile', title: definition },
        html('dt', {}, label),
        html('dd', { class: 'tile-value' }, formats.tile(value, format)),
        html(
          'dd',
          { class: 'tile-before' },
          format === 'percent'
            ? changeMark(value === null || previous === null ? null : value - previous, formats.points)
            : changeMark(change_percent, formats.change),
          html('span', {}, `${before} ${formats.tile(previous, format)}`),
        ),
      ),
    ),
  );
}
