import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { retailSchema } from '../../../src/app/served-schema.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createLocalEmbedder } from '../../../src/search/embedding/local-embedder.ts';
import { createQuestionEmbedder } from '../../../src/search/embedding/question-embedder.ts';
import { evaluate } from '../../../src/search/evaluation/evaluate.ts';
import { qualityOf, summarise } from '../../../src/search/evaluation/metrics.ts';
import { readQueryFile } from '../../../src/search/evaluation/query-file.ts';
import { formatEvaluation } from '../../../src/search/evaluation/report.ts';
import { asServed } from '../../../src/search/evaluation/systems.ts';
import { createProductSearch } from '../../../src/search/product-search.ts';
import { anyTier, type TestDatabase } from '../../support/databases.ts';
import { storeProductVectors } from '../../support/product-vectors.ts';

const folder = new URL('../../../data/search-eval/', import.meta.url).pathname;
const judged = (name: string) => readQueryFile(join(folder, `${name}-queries.json`));

describe('the figures of one answer', () => {
  const query = { judgments: { a: 3, b: 2, c: 1 } };
  test('the ideal order is 1', () => {
    expect(qualityOf(query, ['a', 'b', 'c'])).toEqual({ ndcg: 1, mrr: 1, recall: 1, precision: 1 });
  });
  test('a related thing is no good thing', () => {
    const { ndcg, ...others } = qualityOf(query, ['c', 'x', 'b']);
    expect(others).toEqual({ mrr: 1 / 3, recall: 0.5, precision: 0 });
    // (2^1 - 1) / log2(2) + (2^2 - 1) / log2(4), of 7 + 3 / log2(3) + 1 / 2
    expect(ndcg).toBeCloseTo(2.5 / (7 + 3 / Math.log2(3) + 0.5));
  });
  test('what comes after the tenth does not count', () => {
    expect(qualityOf(query, [...'0123456789', 'a'])).toEqual({ ndcg: 0, mrr: 0, recall: 0, precision: 0 });
    expect(qualityOf({ judgments: {} }, ['a'])).toEqual({ ndcg: 0, mrr: 0, recall: 0, precision: 0 });
  });
  test('false positives and what is held back are shares of their own kinds of question', () => {
    const answer = (confident: boolean) => ({ codes: ['a'], confident });
    const of = (kind: string) => ({ id: '', class: kind, query: '', judgments: { a: 3 } });
    expect(
      summarise([
        { query: of('lexical'), answer: answer(true) },
        { query: of('semantic'), answer: answer(false) },
        { query: of('noanswer'), answer: answer(true) },
      ]),
    ).toMatchObject({ falsePositives: 1, heldBack: 0.5, ndcg: 1, classes: { lexical: 1, semantic: 1 } });
  });
});

test('a file that is none of judged queries is refused by name', async () => {
  await expect(readQueryFile(new URL(import.meta.url).pathname)).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(readQueryFile('/nowhere.json')).rejects.toThrow('/nowhere.json');
});

describe('search on the demonstration catalogue', () => {
  let own: TestDatabase;
  const embedder = createLocalEmbedder();
  const questions = createQuestionEmbedder({ embedder, clock: systemClock, timeoutMs: 60_000 });
  beforeAll(async () => {
    own = await anyTier.open();
    await storeProductVectors(own.owner);
  });
  afterAll(async () => {
    await embedder.close();
    await own.close();
  });

  async function figuresOf(name: string) {
    const { search } = createProductSearch({
      database: own.database,
      catalogue: retailSchema.catalogue,
      embedder: questions,
      note: () => {},
    });
    const served = asServed('ours', search);
    const answers = [];
    for (const query of await judged(name)) {
      const { codes, confident = false } = await served.rank(query.query);
      answers.push({ query, answer: { codes, confident } });
    }
    return summarise(answers);
  }

  test('tells apart what the catalogue answers and what it does not', async () => {
    const { falsePositives, heldBack } = await figuresOf('calibration');
    expect(falsePositives).toBeLessThanOrEqual(0.2);
    expect(heldBack).toBeLessThanOrEqual(0.1);
  }, 60_000);

  test.each(['development', 'own'])(
    'holds its bar on the %s queries',
    async (name) => {
      const { ndcg, precision, recall, classes, falsePositives, heldBack } = await figuresOf(name);
      expect(ndcg).toBeGreaterThanOrEqual(0.72);
      expect(precision).toBeGreaterThanOrEqual(0.62);
      expect(recall).toBeGreaterThanOrEqual(0.8);
      expect(classes.semantic).toBeGreaterThanOrEqual(0.45);
      expect(falsePositives).toBeLessThanOrEqual(0.2);
      expect(heldBack).toBeLessThanOrEqual(0.1);
    },
    60_000,
  );

  test('is compared with simpler systems, and with itself without the words of one kind after the other', async () => {
    const queries = (await judged('own')).filter((_, index) => index % 11 === 0);
    const evaluation = await evaluate({
      database: own.database,
      catalogue: retailSchema.catalogue,
      queries,
      embedder: questions,
      clock: systemClock,
    });
    expect(evaluation.systems.map(({ system }) => system)).toEqual([
      'full text (any word)',
      'trigram',
      'vectors (local)',
      'equal fusion of both',
      'ours without trade words',
      'ours',
    ]);
    const { leaveOneKindOut: left, latencyP95 } = evaluation;
    expect(left.kinds).toBeGreaterThan(3);
    expect(left.mean).toBeLessThanOrEqual(left.ndcg + 0.05);
    expect(left.worst.ndcg).toBeLessThanOrEqual(left.mean);
    expect(latencyP95.again).toBeGreaterThan(0);
    const text = formatEvaluation(evaluation);
    expect(text).toMatch(/^\| system \| nDCG@10 \| P@1 /);
    expect(text).toContain('Leave one kind out');
    const alone = await evaluate({ database: own.database, catalogue: retailSchema.catalogue, queries, clock: systemClock });
    expect(alone.systems).toHaveLength(4);
  }, 120_000);
});
