import { maskText } from '../telemetry/mask-text.ts';
import type { AlertRule, Severity } from './rules.ts';
import type { Transition } from './state-machine.ts';

/** What a channel is asked to tell. Nothing in it is a secret, whatever the labels held. */
export interface Notice {
  readonly kind: Transition['kind'] | 'test';
  readonly rule: string;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly action: string;
  /** The number that the condition compared, with its unit; empty where it is a plain fact. */
  readonly value: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Which server says so. */
  readonly server: string;
}

export interface NoticeOptions {
  readonly rule: AlertRule;
  readonly transition: Pick<Transition, 'kind' | 'alert'>;
  readonly server: string;
}

export function noticeOf({ rule, transition, server }: NoticeOptions): Notice {
  const { kind, alert } = transition;
  return {
    kind,
    rule: rule.name,
    severity: rule.severity,
    labels: Object.fromEntries(Object.entries(alert.labels).map(([name, value]) => [name, plain(value)])),
    summary: rule.summary,
    action: rule.action,
    value: rule.unit === '' ? '' : `${Math.round(alert.value * 1000) / 1000} ${rule.unit}`,
    startedAt: new Date(alert.firedAt ?? alert.since).toISOString(),
    ...(kind === 'resolved' && { endedAt: new Date(alert.since).toISOString() }),
    server: plain(server),
  };
}

/** For `alerts test`. */
export function testNotice(server: string, now: number): Notice {
  return {
    kind: 'test',
    rule: 'test',
    severity: 'low',
    labels: {},
    summary: 'This is a test: nothing has happened.',
    action: 'Nothing to do: the channel works.',
    value: '',
    startedAt: new Date(now).toISOString(),
    server: plain(server),
  };
}

const words = { firing: 'FIRING', reminder: 'STILL FIRING', resolved: 'RESOLVED', test: 'TEST' } as const;

/** One line. */
export function headline({ kind, rule, severity }: Notice): string {
  return `[${words[kind]}] ${severity}: ${rule}`;
}

/** The rest, in pairs of name and text. */
export function details(notice: Notice): readonly (readonly [string, string])[] {
  const { labels, value, startedAt, endedAt, server, action, kind } = notice;
  return [
    ...Object.entries(labels),
    ...(value === '' ? [] : [['value', value] as const]),
    ['since', startedAt],
    ...(endedAt === undefined ? [] : [['until', endedAt] as const]),
    ['server', server],
    ...(kind === 'resolved' ? [] : [['what to do', action] as const]),
  ];
}

const longest = 200;

/** A label holds what callers and issuers wrote: no secrets, and no control that could make it look like another notice. */
function plain(text: string): string {
  return maskText(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, longest);
}
