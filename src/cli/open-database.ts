import { type OpenDatabaseOptions, type OpenedDatabase, openDatabase, scopeKey } from '../app/adapters.ts';
import { retailSchema } from '../app/served-schema.ts';
import type { Config } from '../config/schema.ts';
import { createProgressBar } from './progress-bar.ts';

/** Opens the database of the configuration, and tells the person who waits when one has to be made first. */
export async function openToldDatabase(
  config: Config,
  options: Partial<Pick<OpenDatabaseOptions, 'key' | 'seed' | 'signal'>>,
): Promise<OpenedDatabase> {
  const bar = createProgressBar(process.stderr);
  try {
    return await openDatabase({
      config,
      served: retailSchema,
      key: options.key ?? (await scopeKey(config)),
      onStep: (step) => process.stderr.write(`${step} …\n`),
      seed: options.seed ?? ((session, signal) => retailSchema.seed(session, bar.update, signal)),
      ...(options.signal && { signal: options.signal }),
    });
  } finally {
    bar.end();
  }
}
