import { catalogueOf, loadServedSchema } from '../app/load-schema.ts';
import { loadConfig } from '../config/load.ts';
import { adviseVectors } from '../search/vector-advice.ts';
import { exitCodes } from './exit-code.ts';
import { requireEmbedder } from './index-products.ts';
import { openToldDatabase } from './open-database.ts';
import { stoppable, unlessStopped } from './stoppable.ts';

/** Says how vectors are searched, and how much an approximate index loses. Reads only. */
export async function adviseOnVectors({ json }: { readonly json?: boolean }): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const { vectors } = catalogueOf(await loadServedSchema(config));
  return stoppable(async (stop) => {
    const embedder = await requireEmbedder(config);
    const { database } = await openToldDatabase(config, { signal: stop });
    try {
      const advice = await unlessStopped(stop, adviseVectors(database, vectors, embedder));
      const { model, rows, choice, index, recallAt10, sampled } = advice;
      const lines = [
        `model      ${model}`,
        `rows       ${rows}`,
        `choice     ${choice}`,
        `index      ${index}`,
        `recall@10  ${recallAt10.toFixed(3)} against the exact scan (${sampled} sampled)`,
        advice.advice,
      ];
      process.stdout.write(json ? `${JSON.stringify(advice, null, 2)}\n` : `${lines.join('\n')}\n`);
      return rows === 0 || index === 'missing' || index === 'invalid' ? exitCodes.failed : exitCodes.done;
    } finally {
      await embedder.close();
      await database.close();
    }
  });
}
