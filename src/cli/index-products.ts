import { openNamedSession } from '../app/adapters.ts';
import { indexCatalogue, openEmbedder } from '../app/embedding.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { databaseTarget } from '../config/database-target.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { OwnerSession } from '../postgres/database.ts';
import type { Embedder } from '../search/embedding/embedder.ts';
import { exitCodes } from './exit-code.ts';
import { openLastingDatabase } from './open-database.ts';
import { createProgressBar } from './progress-bar.ts';
import { stoppable } from './stoppable.ts';

/** Embeds what is new or changed in the catalogue. Stopped, it keeps what it has, and goes on from there next time. */
export async function indexProductsOf({ json }: { readonly json?: boolean }): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  return stoppable((stop) => withOwner(config, stop, (session) => index(config, session, stop, json)));
}

async function index(config: Config, session: OwnerSession, signal: AbortSignal, json: boolean | undefined): Promise<number> {
  const embedder = await requireEmbedder(config);
  const bar = createProgressBar(process.stderr);
  try {
    const served = await loadServedSchema(config);
    const result = await indexCatalogue({ session, served, embedder, onProgress: bar.update, signal });
    const { items, embedded, unchanged } = result;
    if (json) process.stdout.write(`${JSON.stringify({ model: embedder.model, ...result })}\n`);
    process.stderr.write(`${items} products: ${embedded} embedded with ${embedder.model}, ${unchanged} unchanged.\n`);
    return exitCodes.done;
  } finally {
    bar.end();
    await embedder.close();
  }
}

export async function requireEmbedder(config: Config): Promise<Embedder> {
  const embedder = await openEmbedder(config, systemClock);
  if (embedder !== undefined) return embedder;
  throw new AppError('misconfigured', 'EMBEDDER=none: there is no model to embed products with', {
    hint: 'Set EMBEDDER=local or EMBEDDER=azure.',
  });
}

/** A session that may write vectors: POSTGRES_OWNER_URL, or the embedded database's own. */
export async function withOwner<T>(config: Config, stop: AbortSignal, work: (session: OwnerSession) => Promise<T>): Promise<T> {
  if (databaseTarget(config).kind === 'postgresql') {
    const session = await openNamedSession(config, 'postgresOwnerUrl');
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }
  const opened = await openLastingDatabase(config, { signal: stop });
  try {
    if (opened.session === undefined) throw new Error('the embedded database gives no session');
    const result = await work(opened.session('owner'));
    await opened.keepTemplate?.();
    return result;
  } finally {
    await opened.database.close();
  }
}
