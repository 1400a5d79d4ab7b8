// Tenants who go on asking whatever happens. Every answer is compared with what the database itself says, and remembered.
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../installation.mjs';
import { contentOf, judgeAnswer, mixedCalls } from '../load/mixed-calls.mjs';
import { createRequest, nextId } from '../load/protocol.mjs';

/** What a caller may be told while something is away; anything else is a fault of ours. */
const honest = new Set(['dependency_unavailable', 'circuit_open', 'overloaded', 'query_timeout']);
const things = ['hammer', 'paint for a wooden fence', 'garden hose', 'drill bits', 'light bulb', 'roof tiles', 'door lock'];

/** @typedef {{ at: number, ms: number, replica: string, requestId?: string, outcome: 'right' | 'wrong' | 'refused' | 'unexpected' | 'cut off', code?: string, said?: string }} Told `at`: when it was answered */

/**
 * @param {Pick<Awaited<ReturnType<typeof import('./installation.mjs').startInstallation>>, 'url' | 'database' | 'adminUrl' | 'scopes' | 'tokens'>} installation
 * @param {{ lanes: number, perSecond: number }} options
 */
export async function startCallers({ url, database, adminUrl, scopes, tokens }, { lanes, perSecond }) {
  const calls = await mixedCalls(database, scopes, { points: 12, adminUrl });
  const products = await productsOf(database, adminUrl);
  /** @type {Told[]} */
  const told = [];
  let going = true;
  let searches = 0;
  const search = () => {
    searches += 1;
    // Each another text: what was asked before is not turned into numbers again.
    const query = `${things[searches % things.length]} number ${searches}`;
    const params = { name: 'semantic_search_products', arguments: { query_description: query, similarity_threshold: 0 } };
    return { kind: 'search', request: createRequest('tools/call', params) };
  };
  const ask = async (index, turn) => {
    const scope = scopes[index % scopes.length];
    const mine = calls.get(scope);
    const call = turn % 5 === 4 ? search() : mine[turn % mine.length];
    const { before, after } = call.request;
    const headers = {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      Authorization: `Bearer ${tokens[index % scopes.length]}`,
    };
    const begun = performance.now();
    try {
      const response = await fetch(url, { method: 'POST', headers, body: `${before}${nextId()}${after}` });
      const body = Buffer.from(await response.arrayBuffer());
      const requestId = response.headers.get('x-request-id') ?? undefined;
      const judged =
        call.kind === 'search' ? judgeSearch(products, response.status, body) : judgeAnswer(scope, call, response.status, body);
      const replica = response.headers.get('x-replica')?.split(', ').at(-1) ?? 'none';
      const at = performance.now();
      told.push({ at, ms: at - begun, replica, requestId, ...verdictOf(judged, response.status, body) });
    } catch (error) {
      const at = performance.now();
      told.push({ at, ms: at - begun, replica: 'none', outcome: 'cut off', code: error.cause?.code ?? error.message });
    }
  };
  const everyMs = (lanes * 1000) / perSecond;
  const lane = async (index) => {
    let due = performance.now() + (index / lanes) * everyMs;
    for (let turn = index * 7; going; turn += 1) {
      if (due > performance.now()) await sleep(due - performance.now());
      due = Math.max(due + everyMs, performance.now());
      await ask(index, turn);
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  return {
    told,
    async stop() {
      going = false;
      await running;
    },
  };
}

function verdictOf({ fault, code, foreign }, status, body) {
  const said = body.toString('utf8', 0, 300);
  if (foreign) return { outcome: 'wrong', code: 'rows of another tenant', said };
  if (code === 'wrong') return { outcome: 'wrong', code: fault, said };
  if (fault === undefined) return { outcome: 'right' };
  // Nginx answers for a replica that went away in the middle of a call.
  if (code === 'unreadable' && [502, 504].includes(status)) return { outcome: 'cut off', code: `gateway ${status}` };
  if (code !== undefined && honest.has(code)) return { outcome: 'refused', code };
  return { outcome: 'unexpected', code, said };
}

async function productsOf(database, adminUrl) {
  const { rows } = await withClient({ name: database, adminUrl }, (admin) =>
    admin.query('SELECT sku, product_name, base_price FROM retail.products'),
  );
  return new Map(rows.map(({ sku, product_name, base_price }) => [sku, { name: product_name, price: Number(base_price) }]));
}

/** Which products are found depends on whether meaning can be compared; that they are ours, and at their price, does not. */
export function judgeSearch(products, status, body) {
  const { content, ...failure } = contentOf(status, body);
  if (content === undefined) return failure;
  const { columns, rows } = content;
  const at = (name) => columns.findIndex((column) => column.name === name);
  const [sku, name, price] = [at('sku'), at('product_name'), at('price')];
  const strange = rows.find((row) => {
    const known = products.get(row[sku]);
    return known === undefined || known.name !== row[name] || known.price !== Number(row[price]);
  });
  if (strange !== undefined || rows.length === 0) return { fault: 'no such product', code: 'wrong' };
  return {};
}
