import { html } from './elements.ts';
/** A change, and how it is written. Its sign and an arrow say what the colour says. */
export function changeMark(change: number | null, write: (change: number | null) => string): HTMLElement {
  const direction = change === null || change === 0 ? 'same' : change > 0 ? 'up' : 'down';
  const arrow = { up: '▲', down: '▼', same: '' }[direction];
  return html(
    'span',
    { class: `change ${direction}` },
    ...(arrow === '' ? [] : [html('span', { 'aria-hidden': 'true' }, arrow)]),
    write(change),
  );
}
