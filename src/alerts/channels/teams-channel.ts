import { details, headline, type Notice } from '../notice.ts';
import type { AlertChannel } from './channel.ts';
import { postJson } from './post-json.ts';

const colours = { low: 'default', medium: 'warning', high: 'attention', critical: 'attention' } as const;

/** A Workflows webhook that takes Adaptive Cards: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
export function createTeamsChannel({ url }: { readonly url: string }): AlertChannel {
  return { name: 'teams', send: (notice, signal) => postJson('teams', url, teamsBody(notice), signal) };
}

function teamsBody(notice: Notice) {
  const color = notice.kind === 'resolved' ? 'good' : colours[notice.severity];
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', size: 'medium', weight: 'bolder', wrap: true, color, text: headline(notice) },
            { type: 'TextBlock', wrap: true, text: notice.summary },
            { type: 'FactSet', facts: details(notice).map(([title, value]) => ({ title, value: escaped(value) })) },
          ],
        },
      },
    ],
  };
}

/** Cards read a part of Markdown: text of callers makes no links and no emphasis. */
const escaped = (text: string): string => text.replace(/[\\[\]()*_#`!~<>-]/g, '\\$&');
