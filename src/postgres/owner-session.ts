import { once } from 'node:events';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { cancelBackend } from './cancel-request.ts';
import { type Login, type ServerAddress, toClientConfig } from './connection-settings.ts';
import type { OwnerSession, TextRow } from './database.ts';
import { toBindText } from './tenant-exchange.ts';

/** One connection to a real server for work that is not serving: bootstrap, migrations, loading, inspection. */
export async function openOwnerSession(address: ServerAddress, login: Login): Promise<OwnerSession> {
  const client = new pg.Client(toClientConfig(address, login));
  client.on('error', () => {});
  await client.connect();
  return {
    async query(text, values = []) {
      const result = await client.query({
        text,
        values: values.map(toBindText),
        types: { getTypeParser: () => (value: string) => value },
      } as pg.QueryConfig);
      return result.rows as TextRow[];
    },
    async script(text) {
      await client.query(text);
    },
    async copyRows(table, columns, rows) {
      const names = columns.map((column) => column.name).join(', ');
      const stream = client.query(copyFrom(`COPY ${table} (${names}) FROM STDIN`));
      const finished = new Promise<void>((resolve, reject) => stream.once('finish', resolve).once('error', reject));
      finished.catch(() => {});
      let chunk = '';
      for (const row of rows) {
        chunk += `${row.map(toCopyText).join('\t')}\n`;
        if (chunk.length < 65_536) continue;
        if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), finished]);
        chunk = '';
      }
      stream.end(chunk);
      await finished;
    },
    cancel: () => {
      const { processID: processId, secretKey } = client as unknown as { processID: number; secretKey: number };
      return cancelBackend(address, { processId, secretKey });
    },
    close: () => client.end(),
  };
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** https://www.postgresql.org/docs/17/sql-copy.html, "Text Format". */
function toCopyText(value: string | number | null): string {
  return value === null ? '\\N' : String(value).replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? character);
}
