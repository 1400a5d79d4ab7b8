import { details, headline, type Notice } from '../notice.ts';
import type { AlertChannel } from './channel.ts';
import { postJson } from './post-json.ts';

const colours = { low: '#6b7280', medium: '#d97706', high: '#dc2626', critical: '#7f1d1d' } as const;
const resolvedColour = '#16a34a';

/** An incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function createSlackChannel({ url }: { readonly url: string }): AlertChannel {
  return { name: 'slack', send: (notice, signal) => postJson('slack', url, slackBody(notice), signal) };
}

function slackBody(notice: Notice) {
  const title = escaped(headline(notice));
  const fields = details(notice).map(([name, text]) => `*${escaped(name)}*: ${escaped(text)}`);
  return {
    text: `${title} ${escaped(notice.summary)}`,
    attachments: [
      {
        color: notice.kind === 'resolved' ? resolvedColour : colours[notice.severity],
        blocks: [{ type: 'section', text: { type: 'mrkdwn', text: fields.join('\n') } }],
      },
    ],
  };
}

/**
 * The three characters that begin an entity, a link or a mention (https://docs.slack.dev/messaging/formatting-message-text), and
 * those that format: text of callers calls nobody and pretends nothing.
 */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*_~`]/g, '\u200b$&');
