import type { OwnerSession } from '../../postgres/database.ts';
import { FIRST_DAY, salesMonths } from './calendar.ts';
import { at } from './columns.ts';
import { checkEncoding, checkRows } from './data-checks.ts';
import { type Digests, digestTables } from './digest.ts';
import { checkEmbeddings, type EmbeddingExpectation } from './embedding-check.ts';
import { expectSales } from './expectation.ts';
import { parseSampleDataOptions, type SampleDataOptions } from './options.ts';
import { loadReferenceData } from './reference-data.ts';
import { type CheckResult, checkCounts, checkSeasons, checkStoreShares, checkYears } from './statistical-checks.ts';
import { measureSales } from './statistics.ts';

export interface VerifyRequest {
  readonly session: OwnerSession;
  readonly schema?: string;
  /** Absent scale: the customers that are there. Absent end date: the default one. */
  readonly options?: Partial<Pick<SampleDataOptions, 'scale' | 'endDate'>>;
  /** Absent: embeddings are not looked at. */
  readonly embeddings?: EmbeddingExpectation;
}

export interface Verification {
  readonly passed: boolean;
  readonly checks: readonly CheckResult[];
  readonly digests: Digests;
}

/** Compares a loaded database with what the generator promises. Read-only, on one snapshot. */
export async function verifySampleData({
  session,
  schema = 'retail',
  options = {},
  embeddings,
}: VerifyRequest): Promise<Verification> {
  await session.script("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL datestyle TO 'ISO, YMD'");
  try {
    const reference = loadReferenceData();
    const statistics = await measureSales(session, schema, reference);
    const { scale, endDate } = parseSampleDataOptions({ scale: Math.max(1, at(statistics.rows, 'customers')), ...options });
    const expectation = expectSales(reference, salesMonths(endDate), scale);
    const checks = [
      checkCounts(statistics, expectation, reference),
      checkStoreShares(statistics, expectation, reference),
      checkYears(statistics, expectation, { first: FIRST_DAY, last: endDate }),
      checkSeasons(statistics, expectation, reference),
      ...(await checkRows(session, schema)),
      await checkEncoding(session),
      ...(embeddings === undefined ? [] : [await checkEmbeddings(session, schema, embeddings)]),
    ];
    return { passed: checks.every((check) => check.passed), checks, digests: await digestTables(session, schema) };
  } finally {
    await session.script('ROLLBACK');
  }
}
