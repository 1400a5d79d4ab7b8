import type { Choice, Dashboard, Filter } from '../figures.ts';
import { html } from './elements.ts';

/** Period and filters as plain selects: every keyboard, screen reader and phone knows them. */
export function filterBar(dashboard: Dashboard, onChange: (choice: Choice) => void): HTMLFormElement {
  const { periods, filters, chosen_period } = dashboard;
  const period = select('period', 'Period', [
    { value: '', label: 'Latest 12 months', chosen: chosen_period === null },
    ...withChosen(periods, chosen_period).map(({ name, label }) => ({ value: name, label, chosen: name === chosen_period })),
  ]);
  const narrowed = filters.filter(({ options }) => options.length > 1).map((filter) => ({ filter, field: filterSelect(filter) }));
  const choose = () =>
    onChange({
      ...(period.select.value === '' ? {} : { period: period.select.value }),
      filters: Object.fromEntries(
        narrowed.flatMap(({ filter, field }) => {
          const { value } = field.select;
          if (value === '') return [];
          // Several at once can come from the tool's own arguments; a person chooses one.
          return [[filter.dimension, value === several ? filter.chosen : [value]]];
        }),
      ),
    });
  const form = html('form', { class: 'filters', 'aria-label': 'Filters' }, period.element);
  form.append(...narrowed.map(({ field }) => field.element));
  form.addEventListener('change', choose);
  form.addEventListener('submit', (event) => event.preventDefault());
  return form;
}

const several = '\0several';

function filterSelect({ dimension, label, options, chosen }: Filter) {
  const many = chosen.length > 1 ? [{ value: several, label: `${chosen.length} chosen`, chosen: true }] : [];
  const one = chosen.length === 1 ? chosen[0]?.toLowerCase() : undefined;
  const isChosen = (option: string) =>
    one !== undefined && (option.toLowerCase() === one || option.toLowerCase().endsWith(` ${one}`));
  return select(dimension, label, [
    { value: '', label: 'All', chosen: chosen.length === 0 },
    ...many,
    ...options.map((option) => ({ value: option, label: option, chosen: isChosen(option) })),
  ]);
}

/** The tool may have been asked for a period that the page does not offer. */
function withChosen(periods: Dashboard['periods'], chosen: string | null): Dashboard['periods'] {
  if (chosen === null || periods.some(({ name }) => name === chosen)) return periods;
  return [{ name: chosen, label: chosen.replaceAll('_', ' ') }, ...periods];
}

interface Option {
  readonly value: string;
  readonly label: string;
  readonly chosen: boolean;
}

function select(name: string, label: string, options: readonly Option[]) {
  const field = html(
    'select',
    { name, id: `filter-${name}` },
    ...options.map((option) => html('option', { value: option.value, selected: option.chosen }, option.label)),
  );
  return { select: field, element: html('div', { class: 'filter' }, html('label', { for: field.id }, label), field) };
}
