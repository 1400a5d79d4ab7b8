// Which calls a workload consists of, and what the right answers are: asked once of the plain database, and kept.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from './load/checks.mjs';
import { connectAsPeer } from './peers-database.mjs';
import { benchCache, progress } from './places.mjs';
import { expectedOf, hundredRows, metricsArguments, schemaArguments, schemaSql, workloads } from './workloads.mjs';

const mostPoints = 20_000;
const pages = 40;

/** @param {{ digest: string, tenant: { id: number } }} options @returns {Promise<Record<string, import('./workloads.mjs').Variant[]>>} by workload */
export async function loadDataset({ digest, tenant }) {
  const path = join(benchCache, `expected-${digest}-${tenant.id}-3.json`);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  progress('asking the database for the right answers');
  const client = await connectAsPeer();
  try {
    const variants = await allVariants(client);
    mkdirSync(benchCache, { recursive: true });
    writeFileSync(path, JSON.stringify(variants));
    return variants;
  } finally {
    await client.end();
  }
}

async function allVariants(client) {
  const rowsOf = async (text) => (await client.query({ text, rowMode: 'array' })).rows;
  const pageStarts = (
    await rowsOf(
      `SELECT order_item_id FROM (SELECT order_item_id, row_number() OVER (ORDER BY order_item_id) - 1 AS n, count(*) OVER () AS all_lines
         FROM retail.order_items) numbered WHERE n % ((all_lines - 1000) / ${pages}) = 0 AND n < all_lines - 1000 ORDER BY 1`,
    )
  ).map(([id]) => Number(id));
  /** @type {Record<string, import('./workloads.mjs').Variant[]>} */
  const variants = {};
  const asked = async (workload, parameters) => {
    const found = [];
    for (const parameter of parameters) {
      const sql = workload.sql(parameter);
      const rows = await rowsOf(sql);
      found.push({ sql, parameter, expected: { ...expectedOf(workload, rows), digest: digestOf(rows) } });
    }
    return found;
  };
  for (const workload of [...workloads, hundredRows]) {
    if (workload.kind === 'schema') variants[workload.id] = schemaVariants(await rowsOf(schemaSql));
    else if (workload.kind === 'metrics') variants[workload.id] = metricsVariants(workload, variants[workload.sameAs]);
    else if (workload.sameAs !== undefined) variants[workload.id] = [variants[workload.sameAs][0]];
    else if (workload.id === 'Q1') variants.Q1 = await points(workload, rowsOf);
    else variants[workload.id] = await asked(workload, workload.parameters ?? pageStarts);
  }
  return variants;
}

/** In no order, so that neighbours in time are not neighbours on disk. */
async function points(workload, rowsOf) {
  const rows = await rowsOf(
    `SELECT order_id, customer_id, order_date, total_amount FROM retail.orders ORDER BY md5(order_id::text) LIMIT ${mostPoints}`,
  );
  return rows.map((row) => ({
    sql: workload.sql(row[0]),
    expected: { ...expectedOf(workload, [row]), digest: digestOf([row]) },
  }));
}

function schemaVariants(rows) {
  const sql = { rows: rows.length, needles: ['discount_amount', 'base_price'], key: 'table_name', digest: digestOf(rows) };
  const described = { rows: 3, needles: ['discount_amount', 'base_price'] };
  return schemaArguments.map((given) => ({ sql: schemaSql, arguments: given, expected: sql, described }));
}

function metricsVariants(workload, same) {
  return same.map(({ parameter, expected }) => ({
    arguments: metricsArguments(workload, parameter),
    expected: { rows: expected.rows, needles: expected.needles },
  }));
}
