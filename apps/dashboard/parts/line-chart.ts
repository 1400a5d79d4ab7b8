import { figureAt, type Shown } from '../figures.ts';
import { html, svg } from './elements.ts';
import type { Formats } from './format.ts';
import { everyNth, ticksFor } from './scale.ts';

const height = 240;
const margin = { top: 12, right: 16, bottom: 28, left: 60 };
const labelRoom = 86;

export interface LineChart {
  readonly element: HTMLElement;
  /** Draws for the width that there is. */
  draw(): void;
}

/** One line over time, the compared period dashed beside it. Arrow keys and the pointer walk along it and read it out. */
export function createLineChart(trend: Shown & { readonly grain: string }, formats: Formats, before: string): LineChart {
  const [figure] = trend.figures;
  const points = trend.rows.map((row) => ({ time: formats.time(String(row[0]), trend.grain), ...figureAt(trend, row) }));
  const format = figure?.format ?? 'count';
  const readout = html('p', { class: 'readout', 'aria-live': 'polite' });
  const box = html('div', { class: 'line-chart' });
  const graphic = svg('svg', {
    role: 'application',
    tabindex: 0,
    height,
    'aria-roledescription': 'line chart',
    'aria-label': `${trend.title}: ${points.length} points. Arrow keys read them one by one.`,
  });
  box.append(readout, graphic);
  let chosen = points.length - 1;
  let place = (_index: number) => {};

  const read = (index: number) => {
    chosen = Math.max(0, Math.min(points.length - 1, index));
    const point = points[chosen];
    if (point === undefined) return;
    readout.replaceChildren(
      html('span', { class: 'readout-time' }, point.time),
      html('span', { class: 'readout-value' }, formats.exact(point.value, format)),
      html('span', { class: 'readout-before' }, `${before} ${formats.exact(point.previous, format)}`),
    );
    place(chosen);
  };
  graphic.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: points.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    read(step);
  });

  const draw = () => {
    const width = Math.max(box.clientWidth, 220);
    const plot = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    const values = points.flatMap(({ value, previous }) => [value ?? 0, previous ?? 0]);
    const ticks = ticksFor(values);
    const [least = 0, greatest = 1] = [ticks[0], ticks.at(-1)];
    const x = (index: number) => margin.left + (points.length < 2 ? plot.width / 2 : (index / (points.length - 1)) * plot.width);
    const y = (value: number) => margin.top + plot.height * (1 - (value - least) / (greatest - least));
    const path = (of: 'value' | 'previous') =>
      pathOf(
        points.map((point) => point[of]),
        x,
        y,
      );
    const area = `${path('value')}L${x(points.length - 1)},${y(0)}L${x(0)},${y(0)}Z`;
    const nth = everyNth(points.length, plot.width, labelRoom);
    const guide = svg('line', { class: 'guide', y1: margin.top, y2: margin.top + plot.height });
    const dot = svg('circle', { class: 'dot', r: 4.5 });
    place = (index) => {
      guide.setAttribute('x1', String(x(index)));
      guide.setAttribute('x2', String(x(index)));
      dot.setAttribute('cx', String(x(index)));
      dot.setAttribute('cy', String(y(points[index]?.value ?? 0)));
    };
    graphic.setAttribute('width', String(width));
    graphic.setAttribute('viewBox', `0 0 ${width} ${height}`);
    graphic.replaceChildren(
      ...ticks.flatMap((tick) => [
        svg('line', { class: tick === 0 ? 'axis' : 'grid', x1: margin.left, x2: width - margin.right, y1: y(tick), y2: y(tick) }),
        svg('text', { class: 'tick', x: margin.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, formats.short(tick, format)),
      ]),
      ...points.flatMap(({ time }, index) =>
        (points.length - 1 - index) % nth === 0
          ? [svg('text', { class: 'tick', x: x(index), y: height - 8, 'text-anchor': anchorOf(index, points.length) }, time)]
          : [],
      ),
      svg('path', { class: 'area', d: area }),
      svg('path', { class: 'line before', d: path('previous') }),
      svg('path', { class: 'line', d: path('value') }),
      guide,
      dot,
    );
    place(chosen);
    graphic.onpointermove = ({ offsetX }) => read(Math.round(((offsetX - margin.left) / plot.width) * (points.length - 1)));
  };
  read(chosen);
  return { element: box, draw };
}

/** A line through what is known: a gap stays a gap. */
function pathOf(values: readonly (number | null)[], x: (index: number) => number, y: (value: number) => number): string {
  let gap = true;
  return values
    .map((value, index) => {
      if (value === null) {
        gap = true;
        return '';
      }
      const step = `${gap ? 'M' : 'L'}${x(index).toFixed(1)},${y(value).toFixed(1)}`;
      gap = false;
      return step;
    })
    .join('');
}

const anchorOf = (index: number, count: number) => (index === count - 1 && count > 1 ? 'end' : index === 0 ? 'start' : 'middle');
