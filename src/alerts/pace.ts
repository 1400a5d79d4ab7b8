import type { Condition, Term } from './condition.ts';
import type { AlertRule } from './rules.ts';

/** How fast time passes for alerts. A trial run, which cannot wait for minutes, makes seconds of them. */
export interface AlertPace {
  /** From one evaluation to the next, in milliseconds. */
  readonly everyMs: number;
  /** 60 makes a second of every minute that a rule waits or looks back. */
  readonly speedUp: number;
}

export const usualPace: AlertPace = { everyMs: 15_000, speedUp: 1 };

/** Below this a server that is only busy would be taken for gone. */
const leastSilentMs = 15_000;

/** A server that has not been heard of for so long is gone: three evaluations, of which one may be late. */
export const silentMs = ({ everyMs, speedUp }: AlertPace): number => Math.max(3 * everyMs, 45_000 / speedUp, leastSilentMs);

/** The same rules, which wait and look back accordingly shorter. What they compare with stays. */
export function pacedRules(rules: readonly AlertRule[], { speedUp }: Pick<AlertPace, 'speedUp'>): readonly AlertRule[] {
  if (speedUp === 1) return rules;
  return rules.map((rule) => ({ ...rule, forMs: rule.forMs / speedUp, condition: paced(rule.condition, speedUp) }));
}

function paced(condition: Condition, speedUp: number): Condition {
  if (condition.kind === 'above') return { ...condition, term: pacedTerm(condition.term, speedUp) };
  return { ...condition, of: condition.of.map((each) => paced(each, speedUp)) };
}

function pacedTerm(term: Term, speedUp: number): Term {
  switch (term.kind) {
    case 'increase':
    case 'mean':
      return { ...term, windowMs: term.windowMs / speedUp };
    case 'share':
      return {
        ...term,
        of: pacedTerm(term.of, speedUp),
        whole: typeof term.whole === 'number' ? term.whole : pacedTerm(term.whole, speedUp),
      };
    default:
      return term;
  }
}
