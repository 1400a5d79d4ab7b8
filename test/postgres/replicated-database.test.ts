import { afterEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { Database, TenantStatement } from '../../src/postgres/database.ts';
import type { ReplayMark } from '../../src/postgres/replay-mark.ts';
import { createReplicatedDatabase } from '../../src/postgres/replicated-database.ts';
import { fromPostgres } from '../../src/postgres/sqlstate.ts';
import { createStandby, type StandbyOptions } from '../../src/postgres/standby.ts';
import type { StandbyState } from '../../src/postgres/standby-probe.ts';
import { until } from '../support/redis.ts';

const mark: ReplayMark = { lsn: '0/10', position: 16n, system: 'the cluster', timeline: 1 };
const fresh: StandbyState = { standby: true, replayed: 16n, system: 'the cluster', timeline: 1 };
const statement: TenantStatement = {
  ...{ reader: 'reader', scopeToken: 'token', text: 'SELECT 1', timeoutMs: 5000 },
  limits: { maxRows: 1, maxBytes: 100 },
};

type Run = (statement: TenantStatement) => Promise<number[]>;

/** A server of a few lines: `run` gives the tenants it verified, its name is its one row. */
function server(name: string, run: Run = async () => [1]) {
  const seen: TenantStatement[] = [];
  const load = { slots: 4, running: 0, waiting: 0 };
  const database: Database = {
    kind: 'postgresql',
    serverMajor: 17,
    query: async () => [{ name }],
    load: () => load,
    waits: () => ({ p95Ms: name === 'standby' ? 7 : 3, timeoutMs: 5000 }),
    close: async () => {},
    async runAsTenant(asked) {
      seen.push(asked);
      const verifiedTenantIds = await run(asked);
      return { verifiedTenantIds, columns: [], rows: [[name]], truncated: false };
    },
  };
  return { database, seen, load };
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0)) await part.close();
});

function pair(run?: Run, { state = fresh, ...options }: Partial<StandbyOptions> & { state?: StandbyState } = {}) {
  const primary = server('primary');
  const replica = server('standby', run);
  const failures: Error[] = [];
  let current: ReplayMark | undefined = mark;
  const answers: { now: () => Promise<StandbyState> } = { now: async () => state };
  const standby = createStandby({
    name: 'replica:5432/zava',
    openProbe: async () => ({ ask: () => answers.now(), hangUp: () => {} }),
    openDatabase: async () => replica.database,
    mark: () => current,
    onFailure: (error) => failures.push(error as Error),
    heartbeatMs: 20,
    answerMs: 50,
    ...options,
  });
  const database = createReplicatedDatabase({ primary: primary.database, standbys: [standby], mark: () => current });
  open.push(database);
  const who = async (changes: Partial<TenantStatement> = {}) =>
    (await database.runAsTenant({ ...statement, ...changes })).rows[0]?.[0];
  const ready = () => until('the standby is known', () => standby.databaseAt(mark) !== undefined);
  return {
    ...{ database, standby, primary, replica, failures, who, ready, answers },
    move: (to: ReplayMark | undefined) => {
      current = to;
      standby.moved();
    },
  };
}

describe('a tenant’s statement', () => {
  test('goes to the standby with the mark it must have reached, everything else to the primary', async () => {
    const { database, who, ready, replica } = pair();
    await ready();
    expect(await who()).toBe('standby');
    expect(replica.seen[0]?.replayedTo).toBe('0/10');
    expect(await database.query('')).toEqual([{ name: 'primary' }]);
    expect(database.waits()).toEqual({ p95Ms: 7, timeoutMs: 5000 });
    expect(database.load()).toEqual({ slots: 8, running: 0, waiting: 0 });
  });

  test.each([
    ['does not know the token’s key yet, or has not replayed so far', async () => []],
    ['is away', async () => Promise.reject(new AppError('dependency_unavailable', 'away'))],
    ['has a fault', async () => Promise.reject(new AppError('internal', 'fault'))],
    ['cancels it for the replay', async () => Promise.reject(fromPostgres(Object.assign(new Error(), { code: '40001' })))],
    ['has not that column yet', async () => Promise.reject(fromPostgres(Object.assign(new Error(), { code: '42703' })))],
    ['has no connection left', async () => Promise.reject(fromPostgres(Object.assign(new Error(), { code: '53300' })))],
  ] as [string, Run][])('goes to the primary where the standby %s', async (_what, run) => {
    const { who, ready, primary } = pair(run);
    await ready();
    expect(await who({ timeoutMs: 3000 })).toBe('primary');
    expect(primary.seen[0]?.replayedTo).toBeUndefined();
    expect(primary.seen[0]?.timeoutMs).toBeLessThanOrEqual(3000);
  });

  test.each([
    ['a mistake of the caller', fromPostgres(Object.assign(new Error('division by zero'), { code: '22012' })), 'query_failed'],
    ['a deadline', fromPostgres(Object.assign(new Error(), { code: '57014' })), 'query_timeout'],
    ['a full queue', new AppError('overloaded', 'busy'), 'overloaded'],
  ])('that ends with %s is not run a second time', async (_what, error, code) => {
    const { who, ready, primary } = pair(async () => Promise.reject(error));
    await ready();
    await expect(who()).rejects.toMatchObject({ code });
    expect(primary.seen).toEqual([]);
  });

  test('that is cancelled is cancelled there, and not run a second time', async () => {
    const { who, ready, primary } = pair(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new AppError('dependency_unavailable', 'gone'))),
        ),
    );
    await ready();
    const stop = new AbortController();
    const answer = who({ signal: stop.signal });
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: 'dependency_unavailable' });
    expect(primary.seen).toEqual([]);
    await expect(
      pair(async ({ signal }) => (signal?.aborted ? Promise.reject(new AppError('query_timeout', 'cancelled')) : [1])).who({
        signal: AbortSignal.abort(),
      }),
    ).resolves.toBe('primary');
  });

  test('goes to the primary while calls wait at the standby and not there', async () => {
    const { who, ready, replica, primary } = pair();
    await ready();
    Object.assign(replica.load, { running: 4, waiting: 1 });
    expect(await who()).toBe('primary');
    Object.assign(primary.load, { running: 4, waiting: 3 });
    expect(await who()).toBe('standby');
  });

  test('in the hands of a standby that goes silent is given to the primary', async () => {
    const never = () => new Promise<never>(() => {});
    const { who, ready, answers, failures, replica } = pair(never);
    await ready();
    const answer = who();
    answers.now = async () => Promise.reject(new Error('no answer within 50 ms'));
    expect(await answer).toBe('primary');
    expect(replica.seen[0]?.signal?.aborted).toBe(true);
    expect(failures).toHaveLength(1);
  });
});

describe('a standby', () => {
  test('is not asked before it is known to have come as far', async () => {
    const { who, ready, answers, move } = pair();
    await ready();
    const ahead = { ...mark, lsn: '0/20', position: 32n };
    move(ahead);
    expect(await who()).toBe('primary');
    answers.now = async () => ({ ...fresh, replayed: 40n });
    await until('it has caught up', async () => (await who()) === 'standby');
  });

  test('is worth nothing without a mark, and must be asked anew after it', async () => {
    const { who, ready, move, answers, standby } = pair();
    await ready();
    move(undefined);
    expect(await who()).toBe('primary');
    answers.now = async () => ({ ...fresh, replayed: 3n });
    await until('it is forgotten', () => standby.databaseAt(mark) === undefined);
    move(mark);
    expect(await who()).toBe('primary');
  });

  test.each([
    ['takes writes', { ...fresh, standby: false }, 'it is no standby'],
    ['is of another cluster', { ...fresh, system: 'another' }, 'it is a copy of another database server'],
    ['stayed on an old timeline', { ...fresh, timeline: 3 }, 'it is on timeline 3, the primary on 1'],
  ])('that %s is not used, and told of once', async (_what, state, reason) => {
    const { who, failures } = pair(undefined, { state });
    await until('it is told', () => failures.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(failures).toHaveLength(1);
    expect(failures[0]?.message).toBe('The read replica replica:5432/zava is not used');
    expect(failures[0]?.cause).toMatchObject({ message: reason });
    expect(await who()).toBe('primary');
  });
});
