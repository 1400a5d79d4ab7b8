import type { Condition, Term, Where } from './condition.ts';

/** How a window or a `for` is written; whoever tries the rules out may want a minute to be a second. */
export type WriteDuration = (ms: number) => string;

/** Undefined for what Prometheus cannot know: facts are the server's own. Of several alternatives those that it can. */
export function promqlOf(condition: Condition, duration: WriteDuration): string | undefined {
  if (condition.kind === 'above') {
    const term = termOf(condition.term, duration);
    return term === undefined ? undefined : `${term} > ${condition.than}`;
  }
  const parts = condition.of.map((each) => promqlOf(each, duration));
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0 || (condition.kind === 'all' && known.length < parts.length)) return undefined;
  return known.length === 1 ? known[0] : known.map((part) => `(${part})`).join(condition.kind === 'all' ? ' and ' : ' or ');
}

/** Whether Prometheus sees only a part of it. */
export function needsFacts(condition: Condition): boolean {
  if (condition.kind !== 'above') return condition.of.some(needsFacts);
  return usesFact(condition.term);
}

function usesFact(term: Term): boolean {
  if (term.kind === 'share') return usesFact(term.of) || (typeof term.whole !== 'number' && usesFact(term.whole));
  return term.kind === 'fact';
}

function termOf(term: Term, duration: WriteDuration): string | undefined {
  switch (term.kind) {
    case 'gauge':
      return term.by === undefined ? `max(${term.metric})` : `max by (${term.by}) (${term.metric})`;
    case 'increase':
      return `sum(increase(${term.metric}${selectorOf(term.where)}[${duration(term.windowMs)}]))`;
    case 'mean': {
      const grown = (part: string) =>
        `sum(increase(${term.metric}_${part}${selectorOf(term.where)}[${duration(term.windowMs)}]))`;
      return `${grown('sum')} / ${grown('count')}`;
    }
    case 'share': {
      const of = termOf(term.of, duration);
      const whole = typeof term.whole === 'number' ? String(term.whole) : termOf(term.whole, duration);
      return of === undefined || whole === undefined ? undefined : `${of} / ${whole}`;
    }
    case 'fact':
      return undefined;
  }
}

const selectorOf = (where: Where | undefined): string => (where === undefined ? '' : `{${where.label}=~"${where.in.join('|')}"}`);
