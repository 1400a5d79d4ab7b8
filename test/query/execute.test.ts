import { describe, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import type { Database, TenantResult, TenantStatement } from '../../src/postgres/database.ts';
import { approve } from '../../src/query/approval.ts';
import { createExecute } from '../../src/query/execute.ts';

const query = approve({
  text: 'SELECT 1',
  reader: { suffix: 'reader_costs', permissions: ['costs:read'] },
  relations: [],
  volatile: false,
});
const tenant = (id: number) => ({ id, name: `S${id}`, key: `${id}`, group: 'g' });
const principal = (...ids: number[]): Principal => ({
  subject: 's',
  roles: [],
  permissions: new Set(),
  tenants: ids.map(tenant),
});

/** A database that verifies what it is told to. */
function executeOn(verifiedTenantIds: readonly number[]) {
  const asked: TenantStatement[] = [];
  const answer: TenantResult = { verifiedTenantIds, columns: [], rows: [['x']], truncated: false };
  const database = {
    runAsTenant: async (statement: TenantStatement) => {
      asked.push(statement);
      return answer;
    },
  } as unknown as Database;
  const execute = createExecute({ database, signScope: (ids) => `token of ${ids}`, maxRows: 5, maxBytes: 6, timeoutMs: 7 });
  return { asked, answer, execute };
}

describe('Executing', () => {
  test('asks as the query’s reader, in a scope signed for this call, within the limits', async () => {
    const { asked, answer, execute } = executeOn([3, 1]);
    const { signal } = new AbortController();
    expect(await execute(query, principal(3, 1), signal)).toBe(answer);
    expect(asked).toEqual([
      {
        reader: 'reader_costs',
        scopeToken: 'token of 1,3',
        text: 'SELECT 1',
        limits: { maxRows: 5, maxBytes: 6 },
        timeoutMs: 7,
        share: '1,3',
        signal,
      },
    ]);
  });

  test('asks nothing for a caller without tenants', async () => {
    const { asked, execute } = executeOn([]);
    await expect(execute(query, principal())).rejects.toMatchObject({ code: 'forbidden' });
    expect(asked).toEqual([]);
  });

  test.each([[[]], [[1]], [[2]], [[1, 2, 3]], [[1, 3]], [[1, 1]], [[Number.NaN, 2]]])(
    'believes no answer whose verified scope is %j in place of [1,2]',
    async (verified) => {
      await expect(executeOn(verified).execute(query, principal(1, 2))).rejects.toMatchObject({ code: 'internal' });
    },
  );
});
