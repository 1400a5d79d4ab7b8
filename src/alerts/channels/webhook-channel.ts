import type { Notice } from '../notice.ts';
import type { AlertChannel } from './channel.ts';
import { postJson } from './post-json.ts';

/** Alertmanager writes this for an alert that has not ended. */
const notEnded = '0001-01-01T00:00:00Z';

/**
 * The form in which Prometheus Alertmanager calls a webhook (version 4), so that one receiver serves both:
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export function createWebhookChannel({ url }: { readonly url: string }): AlertChannel {
  return { name: 'webhook', send: (notice, signal) => postJson('webhook', url, webhookBody(notice), signal) };
}

function webhookBody(notice: Notice) {
  const { kind, rule, severity, labels, summary, action, value, startedAt, endedAt, server } = notice;
  const status = kind === 'resolved' ? 'resolved' : 'firing';
  // What a label of ours could be called by a caller must not stand in for the rule.
  const own = { ...labels, alertname: rule, severity, server };
  return {
    version: '4',
    groupKey: `${rule}/${severity}`,
    status,
    receiver: 'zava-mcp-server',
    groupLabels: { alertname: rule },
    commonLabels: own,
    commonAnnotations: { summary, action },
    alerts: [
      {
        status,
        labels: own,
        annotations: { summary, action, value, kind },
        startsAt: startedAt,
        endsAt: endedAt ?? notEnded,
      },
    ],
  };
}
