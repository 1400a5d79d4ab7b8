import { createHash } from 'node:crypto';
import type { AlertChannel } from '../../src/alerts/channels/channel.ts';
import { postJson } from '../../src/alerts/channels/post-json.ts';
import { details, headline, type Notice } from '../../src/alerts/notice.ts';

export interface PagerDutyChannelOptions {
  /** Of an Events API v2 integration: whoever has it can wake people up. */
  readonly routingKey: string;
  readonly url?: string;
}

const severities = { low: 'info', medium: 'warning', high: 'error', critical: 'critical' } as const;

/** PagerDuty's Events API v2: an alert opens an incident, its end closes it (https://developer.pagerduty.com/docs/send-alert-event). */
export function createPagerDutyChannel({
  routingKey,
  url = 'https://events.pagerduty.com/v2/enqueue',
}: PagerDutyChannelOptions): AlertChannel {
  return { name: 'pagerduty', send: (notice, signal) => postJson('pagerduty', url, eventOf(notice, routingKey), signal) };
}

function eventOf(notice: Notice, routing_key: string) {
  const { kind, rule, labels, severity, summary, startedAt, server } = notice;
  return {
    routing_key,
    event_action: kind === 'resolved' ? 'resolve' : 'trigger',
    // The same for every replica and every reminder, so that one alert is one incident.
    dedup_key: createHash('sha256')
      .update(JSON.stringify([rule, Object.entries(labels).sort()]))
      .digest('hex'),
    payload: {
      summary: `${headline(notice)}: ${summary}`,
      source: server,
      severity: severities[severity],
      timestamp: startedAt,
      custom_details: Object.fromEntries(details(notice)),
    },
  };
}
