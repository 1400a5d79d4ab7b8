import type { Choice, Dashboard, Shown } from './figures.ts';
import { barList } from './parts/bar-list.ts';
import { html } from './parts/elements.ts';
import { figureTable } from './parts/figure-table.ts';
import { filterBar } from './parts/filter-bar.ts';
import { capital, createFormats, type Formats } from './parts/format.ts';
import { createLineChart } from './parts/line-chart.ts';
import { panel } from './parts/panel.ts';
import { tiles } from './parts/tiles.ts';

export interface ViewOptions {
  readonly root: HTMLElement;
  /** Asks for the figures of a choice; rejects with what a person should read. */
  readonly read: (choice: Choice) => Promise<Dashboard>;
}

/** The dashboard in a page: shows figures, and asks for others when a filter changes. */
export function createView({ root, read }: ViewOptions) {
  const status = html('p', { class: 'status', role: 'status', 'aria-live': 'polite' });
  const content = html('div', { class: 'content' });
  root.replaceChildren(content, status);
  let locale: string | undefined;
  let latest = 0;
  let redraw = () => {};
  window.addEventListener('resize', () => redraw());

  const say = (text: string, isError = false) => {
    status.textContent = text;
    status.classList.toggle('error', isError);
  };
  const choose = async (choice: Choice) => {
    latest += 1;
    const mine = latest;
    content.setAttribute('aria-busy', 'true');
    say('Loading figures …');
    try {
      const dashboard = await read(choice);
      // A later choice has overtaken this one.
      if (mine === latest) show(dashboard);
    } catch (error) {
      if (mine === latest) say(error instanceof Error ? error.message : 'The figures could not be read.', true);
    } finally {
      if (mine === latest) content.removeAttribute('aria-busy');
    }
  };
  const show = (dashboard: Dashboard) => {
    const formats = createFormats(locale, dashboard.currency);
    const focused = document.activeElement?.id ?? '';
    const trend = createLineChart(dashboard.trend, formats, dashboard.words.compared);
    const filters = filterBar(dashboard, (choice) => void choose(choice));
    content.replaceChildren(head(dashboard, formats, filters), ...body(dashboard, formats, trend.element));
    redraw = trend.draw;
    redraw();
    if (focused !== '') document.getElementById(focused)?.focus();
    say(
      dashboard.extent === undefined
        ? ''
        : `There are no figures for all of this period: your data is of ${formats.days(dashboard.extent)}.`,
    );
  };

  return {
    show,
    choose,
    say,
    setLocale(given: string | undefined): void {
      locale = given;
    },
  };
}

function head({ title, period, compared, scope, words, stale }: Dashboard, formats: Formats, filters: HTMLElement): HTMLElement {
  const of = scope.length === 1 ? (scope[0] ?? '') : `${scope.length} ${words.tenants}`;
  const about = `${formats.days(period)}, against ${formats.days(compared)} · ${of}${stale ? ' · may be out of date' : ''}`;
  return html('header', { class: 'head' }, html('div', {}, html('h1', {}, title), html('p', { class: 'about' }, about)), filters);
}

function body(dashboard: Dashboard, formats: Formats, chart: HTMLElement): HTMLElement[] {
  const { trend, panels, words } = dashboard;
  const before = capital(words.compared);
  const time = { before, write: (day: string) => formats.time(day, trend.grain) };
  return [
    tiles(dashboard.tiles, formats, words.compared),
    html(
      'div',
      { class: 'panels' },
      panel({
        title: trend.title,
        chart: html('div', {}, legend(trend, before), chart),
        table: figureTable(trend, formats, time),
        wide: true,
      }),
      ...panels.map((shown) =>
        panel({
          title: shown.title,
          chart: shown.rows.length === 0 ? html('p', { class: 'note' }, 'Nothing to show.') : barList(shown, formats),
          table: figureTable(shown, formats, { before }),
          note: shown.truncated ? `The first ${shown.rows.length}; there are more.` : undefined,
        }),
      ),
    ),
  ];
}

function legend({ figures }: Shown, before: string): HTMLElement {
  const entry = (kind: string, text: string) =>
    html('li', {}, html('span', { class: `key ${kind}`, 'aria-hidden': 'true' }), text);
  return html('ul', { class: 'legend' }, entry('now', figures[0]?.label ?? ''), entry('before', before));
}
