import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { keyOf } from '../identity/zava-directory.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { rsaPair } from '../support/key-pair.ts';
import { answerOf, postRaw } from '../support/raw-mcp.ts';
import { recordAnswer } from './record-answer.ts';

const requests = 1000;
/** Three tenants of different size: one store, another store, and a region of four with the first one in it. */
const callers = [
  { subject: 'manager of Seattle', roles: ['store_manager'], allowed_stores: [keyOf(1)], stores: [1] },
  { subject: 'manager of Tacoma', roles: ['store_manager'], allowed_stores: [keyOf(3)], stores: [3] },
  { subject: 'Puget Sound', roles: ['regional_manager'], allowed_regions: ['Puget Sound'], stores: [1, 2, 6, 7] },
] as const;
type Caller = (typeof callers)[number];

const { publicKey, privateKey } = rsaPair();
const tokenOf = ({ subject, stores, ...claims }: Caller, more: object = {}) =>
  new SignJWT({ ...claims, ...more })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer('zava-auth')
    .setAudience('mcp-server')
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);

/** What a caller must be told, read by the owner of the tables, whom no policy narrows. */
interface Truth {
  readonly names: readonly string[];
  readonly revenue: number;
  readonly orders: number;
}

async function truthOf({ stores }: Caller, { admin }: TestDatabase): Promise<Truth> {
  const names = await admin.query('SELECT store_name FROM retail.stores WHERE store_id = ANY ($1::int[]) ORDER BY 1', [
    `{${stores.join()}}`,
  ]);
  const [sums] = await admin.query(
    'SELECT sum(total_amount)::text AS revenue, count(*)::text AS orders FROM retail.orders WHERE store_id = ANY ($1::int[])',
    [`{${stores.join()}}`],
  );
  return { names: names.map((row) => String(row.store_name)), revenue: Number(sums?.revenue), orders: Number(sums?.orders) };
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every method
  readonly body: any;
}

/** One kind of request: what is asked, and whether the answer is this caller's and complete. */
interface Kind {
  readonly name: string;
  readonly method: string;
  readonly params: object;
  readonly headers?: (caller: Caller) => Record<string, string>;
  check(answer: Answer, truth: Truth): void;
}

const sql = (text: string) => ({ name: 'execute_sales_query', arguments: { postgresql_query: text } });
const result = ({ status, body }: Answer) => {
  expect([status, body.result?.isError]).toEqual([200, undefined]);
  return body.result.structuredContent;
};
const toolError = ({ status, body }: Answer, code: string) => {
  expect([status, body.result.isError, JSON.parse(body.result.content[0].text).code]).toEqual([200, true, code]);
};

const kinds: readonly Kind[] = [
  {
    name: 'stores with stock',
    method: 'tools/call',
    params: sql('SELECT DISTINCT s.store_name FROM inventory i JOIN stores s USING (store_id) ORDER BY 1'),
    check(answer, { names }) {
      const { rows, scope } = result(answer);
      expect(rows.flat()).toEqual(names);
      expect(scope.toSorted()).toEqual(names);
    },
  },
  {
    name: 'revenue',
    method: 'tools/call',
    params: sql('SELECT sum(total_amount), count(*) FROM orders'),
    check: (answer, { revenue, orders }) => expect(result(answer).rows[0].map(Number)).toEqual([revenue, orders]),
  },
  {
    name: 'revenue, for all stores by name',
    method: 'tools/call',
    params: sql(
      'SELECT s.store_name, count(*) FROM orders o JOIN stores s USING (store_id) WHERE o.store_id > 0 GROUP BY 1 ORDER BY 1',
    ),
    check: (answer, { names }) => expect(result(answer).rows.map(([name]: string[]) => name)).toEqual(names),
  },
  {
    name: 'table schemas',
    method: 'tools/call',
    params: { name: 'get_multiple_table_schemas', arguments: { table_names: ['stores'] } },
    check: (answer, { names }) => expect(result(answer).tables[0].valid_values.store_name.toSorted()).toEqual(names),
  },
  {
    name: 'tools/list',
    method: 'tools/list',
    params: {},
    check: ({ body }) => expect(body.result.tables ?? body.result.tools).toBeTruthy(),
  },
  {
    name: 'the resource of stores',
    method: 'resources/read',
    params: { uri: 'zava://stores' },
    check({ status, body }, { names }) {
      expect(status).toBe(200);
      const text: string = body.result.contents[0].text;
      expect([...text.matchAll(/Zava Retail \w+/g)].map(([name]) => name).toSorted()).toEqual(names);
    },
  },
  {
    name: 'SQL that the guard refuses',
    method: 'tools/call',
    params: sql("SELECT set_config('app.stores', '*', false)"),
    check: (answer) => toolError(answer, 'query_rejected'),
  },
  {
    name: 'SQL that fails',
    method: 'tools/call',
    params: sql('SELECT 1 / (store_id - store_id) FROM orders'),
    check: (answer) => toolError(answer, 'query_failed'),
  },
  {
    name: 'a permission that is missing',
    method: 'tools/call',
    params: sql('SELECT 1'),
    headers: () => ({ Authorization: 'CATALOGUE' }),
    check: ({ status, body }) => expect([status, body.error.data.code]).toEqual([403, 'insufficient_scope']),
  },
  {
    name: 'a store of somebody else',
    method: 'tools/call',
    params: sql('SELECT count(*) FROM orders'),
    headers: () => ({ 'x-rls-user-id': keyOf(8) }),
    check: ({ status, body }) => expect([status, body.error.data.code]).toEqual([403, 'forbidden']),
  },
];

onEveryDatabase('a thousand requests of three tenants at once', (tier) => {
  let db: TestDatabase;
  let stack: ProductStack;
  beforeAll(async () => {
    db = await tier.open();
    const keys = await createPublicKeySource(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    stack = await productStack({ db, trusted: { issuer: 'zava-auth', keys } });
  });
  afterAll(async () => {
    await stack.close();
    await db.close();
  });

  test('every one is answered, with its own id, and with its caller’s own data or a refusal that says why', async () => {
    const tokens = await Promise.all(callers.map((caller) => tokenOf(caller)));
    const catalogue = await Promise.all(callers.map((caller) => tokenOf(caller, { scope: 'catalog:read' })));
    const truths: Truth[] = [];
    for (const caller of callers) truths.push(await truthOf(caller, db));
    expect(new Set(truths.map(({ revenue }) => revenue)).size).toBe(callers.length);
    const counts = { answered: 0, overloaded: 0 };

    await Promise.all(
      Array.from({ length: requests }, async (_, index) => {
        const who = index % callers.length;
        const kind = kinds[Math.floor(index / callers.length) % kinds.length]!;
        const { Authorization: other, ...headers } = kind.headers?.(callers[who]!) ?? {};
        const token = (other === undefined ? tokens : catalogue)[who]!;
        const id = `request ${index} of ${who}`;
        const message = JSON.stringify({ jsonrpc: '2.0', id, method: kind.method, params: kind.params });
        const response = await postRaw(stack.mcpUrl, message, { token, headers });
        const answer = { status: response.status, body: await answerOf(response) };
        if (answer.status === 503) {
          expect([answer.body.error.data.code, answer.body.id]).toEqual(['overloaded', null]);
          // Whole seconds (RFC 9110, section 10.2.3): one where there is no room to wait, more where the call has waited.
          expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
          counts.overloaded += 1;
          return;
        }
        // A refusal before the body is read has no id to repeat.
        expect(answer.body.id).toBe(kind.name === 'a store of somebody else' ? null : id);
        if (isFull(answer)) counts.overloaded += 1;
        else {
          kind.check(answer, truths[who]!);
          counts.answered += 1;
        }
      }),
    );
    recordAnswer(`${counts.answered} answered with their own data, ${counts.overloaded} told to come back`);
    expect(counts.answered + counts.overloaded).toBe(requests);
    // Most are answered: a server that refused everybody would pass otherwise.
    expect(counts.answered).toBeGreaterThan(requests / 4);
  }, 120_000);
});

/** Full inside a tool or at a resource, and then it says for how long. Anything else that went wrong is for `check` to judge. */
function isFull({ body }: Answer): boolean {
  const data = body.error?.data ?? (body.result.isError === true ? JSON.parse(body.result.content[0].text) : undefined);
  if (data?.code !== 'overloaded') {
    // A fault of ours by its name, and not as whatever `check` finds missing.
    expect(data?.code).not.toBe('internal');
    return false;
  }
  expect(data.retry_after_s).toEqual(expect.any(Number));
  return true;
}
