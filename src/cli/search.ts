import { openEmbedder } from '../app/embedding.ts';
import { catalogueOf, loadServedSchema } from '../app/load-schema.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { createQuestionEmbedder } from '../search/embedding/question-embedder.ts';
import { evaluate } from '../search/evaluation/evaluate.ts';
import { readQueryFile } from '../search/evaluation/query-file.ts';
import { formatEvaluation } from '../search/evaluation/report.ts';
import { exitCodes } from './exit-code.ts';
import { openToldDatabase } from './open-database.ts';
import { stoppable, unlessStopped } from './stoppable.ts';

/** Long enough for the first text to load the model on a slow machine. */
const patienceMs = 60_000;

/** Scores product search, and simpler systems beside it, by judged questions. */
export async function evaluateSearch(file: string, { json }: { readonly json?: boolean }): Promise<number> {
  const queries = await readQueryFile(file);
  const config = loadConfig({ serving: 'nothing' });
  const catalogue = catalogueOf(await loadServedSchema(config));
  return stoppable(async (stop) => {
    const { database } = await openToldDatabase(config, { signal: stop });
    const embedder = await openEmbedder(config, systemClock);
    try {
      const questions = embedder && createQuestionEmbedder({ embedder, clock: systemClock, timeoutMs: patienceMs });
      const work = evaluate({ database, catalogue, queries, embedder: questions, clock: systemClock });
      const evaluation = await unlessStopped(stop, work);
      process.stdout.write(json ? `${JSON.stringify(evaluation, null, 2)}\n` : formatEvaluation(evaluation));
      return exitCodes.done;
    } finally {
      await embedder?.close();
      await database.close();
    }
  });
}
