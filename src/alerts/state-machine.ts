import type { Verdict } from './condition.ts';
import type { Severity } from './rules.ts';

/** What the machine needs of a rule. */
export interface TimedRule {
  readonly name: string;
  readonly severity: Severity;
  readonly forMs: number;
}

/** One rule for one set of labels. */
export interface Alert {
  readonly rule: string;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing' | 'resolved';
  /** When this state began, in milliseconds since 1970. */
  readonly since: number;
  /** Of the last time that the condition held. */
  readonly value: number;
  /** How long it has been seen to hold. Time in which nothing was known does not count. */
  readonly heldMs: number;
  readonly lastSeen: number | undefined;
  /** Evaluations in a row that found the condition gone. */
  readonly quiet: number;
  /** When it last began to fire. */
  readonly firedAt: number | undefined;
  /** In this firing. */
  readonly notices: number;
  /** In this firing or one before. */
  readonly notifiedAt: number | undefined;
}

export interface Transition {
  readonly kind: 'firing' | 'reminder' | 'resolved';
  readonly alert: Alert;
  /** Whether channels are told. What they are not told stands in the history all the same. */
  readonly notify: boolean;
}

export interface MachineLimits {
  readonly cooldownMs: number;
  /** Of one firing, the first one included. */
  readonly mostNotices: number;
  /** Evaluations without the condition until a firing alert is resolved. */
  readonly quietPeriods: number;
  /** Of one rule. An attack from ten thousand addresses is one event, not ten thousand. */
  readonly mostPerRule: number;
}

export const defaultLimits: MachineLimits = { cooldownMs: 15 * 60_000, mostNotices: 4, quietPeriods: 2, mostPerRule: 5 };

/** By key. */
export type AlertStates = ReadonlyMap<string, Alert>;

export interface Step {
  readonly states: AlertStates;
  readonly transitions: readonly Transition[];
}

/** Same rule, same severity, same labels: the same alert. */
export function alertKey({ rule, severity, labels }: Pick<Alert, 'rule' | 'severity' | 'labels'>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([rule, severity, ...sorted]);
}

const tellsEnd: ReadonlySet<Severity> = new Set(['high', 'critical']);

/** One evaluation of one rule. Pure: from what was and what is found to what is and what to say. */
export function step(states: AlertStates, rule: TimedRule, verdict: Verdict, now: number, limits = defaultLimits): Step {
  const next = new Map(states);
  const transitions: Transition[] = [];
  const mine = [...states].filter(([, { rule: name, severity }]) => name === rule.name && severity === rule.severity);
  const holding = new Map(
    verdict.holds.map((found) => [alertKey({ rule: rule.name, severity: rule.severity, labels: found.labels }), found]),
  );
  const settle = (key: string, { alert, transition }: Moved) => {
    if (alert === undefined) next.delete(key);
    else next.set(key, alert);
    if (transition !== undefined && alert !== undefined) transitions.push({ ...transition, alert });
  };
  for (const [key, alert] of mine) {
    const found = holding.get(key);
    if (found !== undefined) settle(key, held({ ...alert, value: found.value }, rule, now, limits));
    else if (verdict.known) settle(key, gone(alert, now, limits));
    else next.set(key, { ...alert, lastSeen: undefined });
  }
  let room = limits.mostPerRule - mine.filter(([, { state }]) => state !== 'resolved').length;
  for (const [key, { labels, value }] of holding) {
    if (states.has(key) || room <= 0) continue;
    room -= 1;
    settle(key, held({ ...unseen, rule: rule.name, severity: rule.severity, labels, value, since: now }, rule, now, limits));
  }
  return { states: next, transitions };
}

const unseen = {
  state: 'pending',
  heldMs: 0,
  lastSeen: undefined,
  quiet: 0,
  firedAt: undefined,
  notices: 0,
  notifiedAt: undefined,
} as const;

interface Moved {
  /** Undefined: forgotten. */
  readonly alert: Alert | undefined;
  readonly transition?: Pick<Transition, 'kind' | 'notify'>;
}

/** The condition holds. */
function held(before: Alert, { forMs }: TimedRule, now: number, limits: MachineLimits): Moved {
  const again = before.state === 'resolved';
  const start: Alert = again ? { ...before, state: 'pending', since: now, heldMs: 0, lastSeen: undefined, notices: 0 } : before;
  const heldMs = start.heldMs + (start.lastSeen === undefined ? 0 : now - start.lastSeen);
  const alert: Alert = { ...start, heldMs, lastSeen: now, quiet: 0 };
  const cool = alert.notifiedAt === undefined || now - alert.notifiedAt >= limits.cooldownMs;
  const told = { notifiedAt: now, notices: alert.notices + 1 };
  if (alert.state === 'pending') {
    if (heldMs < forMs) return { alert };
    const firing: Alert = { ...alert, state: 'firing', since: now, firedAt: now };
    return { alert: cool ? { ...firing, ...told } : firing, transition: { kind: 'firing', notify: cool } };
  }
  // The first notice of a firing may have had to wait for the cooldown of the one before.
  if (!cool || alert.notices >= limits.mostNotices) return { alert };
  return { alert: { ...alert, ...told }, transition: { kind: alert.notices === 0 ? 'firing' : 'reminder', notify: true } };
}

/** The condition is known not to hold. */
function gone(before: Alert, now: number, limits: MachineLimits): Moved {
  const alert: Alert = { ...before, lastSeen: undefined, quiet: before.quiet + 1 };
  const cooling = alert.notifiedAt !== undefined && now - alert.notifiedAt < limits.cooldownMs;
  if (alert.state === 'firing') {
    if (alert.quiet < limits.quietPeriods) return { alert };
    // Whoever was not told of the beginning is not told of the end.
    const notify = alert.notices > 0 && tellsEnd.has(alert.severity);
    return { alert: { ...alert, state: 'resolved', since: now }, transition: { kind: 'resolved', notify } };
  }
  // Remembered for as long as the cooldown lasts: one that comes back keeps quiet until then.
  if (!cooling) return { alert: undefined };
  return { alert: alert.state === 'pending' ? { ...alert, state: 'resolved' } : alert };
}
