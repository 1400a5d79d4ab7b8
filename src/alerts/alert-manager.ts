import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import type { AlertChannel } from './channels/channel.ts';
import type { NoticeClaims } from './claims.ts';
import { judge, type Verdict } from './condition.ts';
import { createDelivery, type DeliveryOutcome } from './delivery.ts';
import { type Notice, noticeOf } from './notice.ts';
import type { Facts, Readings } from './readings.ts';
import type { AlertRule, Severity } from './rules.ts';
import { type Alert, type AlertStates, alertKey, step, type Transition } from './state-machine.ts';

export interface AlertManagerOptions {
  readonly rules: readonly AlertRule[];
  readonly readings: Readings;
  readonly facts: Facts;
  readonly channels: readonly AlertChannel[];
  readonly claims: NoticeClaims;
  readonly clock: Clock;
  readonly note: Note;
  /** Names this server in notices. */
  readonly server: string;
  readonly sendLimitMs?: number;
}

/** Something that began, went on or ended. */
export interface AlertEvent {
  readonly at: number;
  readonly notice: Notice;
  /** `quiet`: within the cooldown of the notice before; `elsewhere`: another server told. */
  readonly told: 'channels' | 'quiet' | 'elsewhere';
  /** By channel. */
  readonly deliveries: ReadonlyMap<string, DeliveryOutcome['state']>;
}

export interface RuleStatus {
  readonly rule: string;
  readonly severity: Severity;
  /** `unknown`: what it needs is not there, so that nothing is an all-clear. */
  readonly state: 'quiet' | 'unknown' | 'pending' | 'firing';
  /** Of the oldest alert in this state, in milliseconds since 1970. */
  readonly since?: number;
  readonly alerts: number;
}

const mostEvents = 1000;

/** Evaluates the rules, remembers what became of them, and tells whom it is set to tell. */
export function createAlertManager(options: AlertManagerOptions) {
  const { rules, readings, facts, channels, claims, clock, note, server, sendLimitMs } = options;
  const events: AlertEvent[] = [];
  const byNotice = new WeakMap<Notice, Map<string, DeliveryOutcome['state']>>();
  const unknown = new Set<AlertRule>(rules);
  const failing = new Set<string>();
  /** Ends that whoever told of the beginning owes, by alert: one that is killed meanwhile tells of nothing. */
  const owed = new Map<string, { readonly rule: AlertRule; readonly transition: Transition }>();
  let states: AlertStates = new Map();

  const delivery = createDelivery({
    channels,
    clock,
    ...(sendLimitMs !== undefined && { limitMs: sendLimitMs }),
    onOutcome({ notice, channel, state, error }) {
      byNotice.get(notice)?.set(channel, state);
      // Of an outage the beginning is told, not every attempt.
      if (state === 'sent') failing.delete(channel);
      else if (!failing.has(channel)) {
        failing.add(channel);
        note({ kind: 'fault_met', where: `alert channel ${channel}`, error });
      }
    },
  });
  const remember = (notice: Notice, told: AlertEvent['told']) => {
    const deliveries = new Map<string, DeliveryOutcome['state']>();
    byNotice.set(notice, deliveries);
    events.push({ at: clock.now(), notice, told, deliveries });
    if (events.length > mostEvents) events.shift();
  };
  const toChannels = (notice: Notice) => {
    remember(notice, 'channels');
    delivery.offer(notice);
  };
  const tell = async (rule: AlertRule, transition: Transition) => {
    const notice = noticeOf({ rule, transition, server });
    const key = alertKey(transition.alert);
    owed.delete(key);
    if (!transition.notify) return remember(notice, 'quiet');
    if (transition.kind !== 'resolved') return (await claims.begin(key)) ? toChannels(notice) : remember(notice, 'elsewhere');
    const claim = await claims.end(key);
    if (claim === 'mine') return toChannels(notice);
    if (claim === 'held') owed.set(key, { rule, transition });
    remember(notice, 'elsewhere');
  };
  const tellOwed = async (key: string) => {
    const claim = await claims.end(key);
    const end = owed.get(key);
    if (end === undefined || claim === 'held') return;
    owed.delete(key);
    if (claim === 'mine') toChannels(noticeOf({ ...end, server }));
  };
  const verdictOf = (rule: AlertRule): Verdict => {
    try {
      return judge(rule.condition, readings, facts);
    } catch (error) {
      note({ kind: 'fault_met', where: `alert rule ${rule.name}`, error });
      return { holds: [], known: false };
    }
  };

  return {
    /** Once: resolves when what has changed is on its way to the channels. */
    async evaluate(): Promise<void> {
      delivery.pump();
      const telling = rules.flatMap((rule) => {
        const verdict = verdictOf(rule);
        if (verdict.known) unknown.delete(rule);
        else unknown.add(rule);
        const next = step(states, rule, verdict, clock.now());
        states = next.states;
        return next.transitions.map((transition) => tell(rule, transition));
      });
      await Promise.all([...[...owed.keys()].map(tellOwed), ...telling]);
      const told = [...states].filter(([, { state, notices }]) => state === 'firing' && notices > 0);
      await claims.renew(told.map(([key]) => key));
    },
    status: (): RuleStatus[] => rules.map((rule) => statusOf(rule, [...states.values()], unknown.has(rule))),
    /** The latest first. */
    events: (): readonly AlertEvent[] => [...events].reverse(),
    /** When every attempt to send that has begun has ended. */
    settled: delivery.settled,
    close: delivery.close,
  };
}

function statusOf({ name, severity }: AlertRule, alerts: readonly Alert[], unknown: boolean): RuleStatus {
  const mine = alerts.filter((alert) => alert.rule === name && alert.severity === severity);
  for (const state of ['firing', 'pending'] as const) {
    const found = mine.filter((alert) => alert.state === state);
    if (found.length === 0) continue;
    return { rule: name, severity, state, since: Math.min(...found.map(({ since }) => since)), alerts: found.length };
  }
  return { rule: name, severity, state: unknown ? 'unknown' : 'quiet', alerts: 0 };
}
