import { type OpenDatabaseOptions, type OpenedDatabase, openDatabase } from '../app/adapters.ts';
import { indexCatalogue, openEmbedder } from '../app/embedding.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { scopeKey } from '../app/secrets.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { OwnerSession } from '../postgres/database.ts';
import { explain } from './exit-code.ts';
import { createProgressBar, type Progress } from './progress-bar.ts';

/** Opens the database of the configuration, and tells the person who waits when one has to be made first. */
export async function openToldDatabase(
  config: Config,
  options: Partial<Pick<OpenDatabaseOptions, 'key' | 'seed' | 'signal'>>,
): Promise<OpenedDatabase> {
  const served = await loadServedSchema(config);
  const bar = createProgressBar(process.stderr);
  try {
    return await openDatabase({
      config,
      served,
      key: options.key ?? (await scopeKey(config)),
      onStep: (step) => process.stderr.write(`${step} …\n`),
      seed:
        options.seed ??
        (async (session, signal) => {
          await served.seed(session, bar.update, signal);
          await indexSeeded(config, session, { onProgress: bar.update, signal });
        }),
      ...(options.signal && { signal: options.signal }),
    });
  } finally {
    bar.end();
  }
}

/** For what must last: a copy in memory, which a second process gets of the embedded database, would forget it. */
export async function openLastingDatabase(
  config: Config,
  options: Parameters<typeof openToldDatabase>[1] = {},
): Promise<OpenedDatabase> {
  const opened = await openToldDatabase(config, options);
  if (opened.notice === undefined) return opened;
  await opened.database.close();
  throw new AppError('dependency_unavailable', `Another process uses ${config.dataDir}`, {
    hint: 'Stop it first: only one process can hold the embedded database.',
  });
}

/** Vectors of freshly loaded goods. Without the model the data is as good; search then goes by words, and says so. */
export async function indexSeeded(
  config: Config,
  session: OwnerSession,
  { onProgress, signal }: { readonly onProgress: (progress: Progress) => void; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const served = await loadServedSchema(config);
  const embedder = served.catalogue && (await openEmbedder(config, systemClock));
  if (embedder === undefined) return;
  try {
    await indexCatalogue({ session, served, embedder, onProgress, signal });
  } catch (error) {
    signal?.throwIfAborted();
    process.stderr.write(`The goods have no vectors yet; zava-mcp-server index-products makes them.\n${explain(error)}`);
  } finally {
    await embedder.close();
  }
}
