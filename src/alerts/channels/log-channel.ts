import type { Note } from '../../core/observation.ts';
import type { AlertChannel } from './channel.ts';

/** The server's own log: always there. */
export function createLogChannel({ note }: { readonly note: Note }): AlertChannel {
  return {
    name: 'log',
    async send({ kind, rule, severity, labels, summary, value, server }) {
      note({ kind: 'alert_told', state: kind, rule, severity, labels, summary, value, server });
    },
  };
}
