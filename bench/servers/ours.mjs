import { join } from 'node:path';
import { installationEnvironment } from '../installation.mjs';
import { checkout, cleanEnvironment } from '../places.mjs';
import { metricsTool } from '../workloads.mjs';
import { freePort } from './child.mjs';

/** Everything on that a caller meets: token, guard, tenant scope, audit. Limits are so high that they never act. */
const settings = {
  RATE_LIMIT_PER_MINUTE: '1000000',
  RATE_LIMIT_BURST: '1000000',
  RATE_LIMIT_SQL_PER_MINUTE: '1000000',
  RATE_LIMIT_SEARCH_PER_MINUTE: '1000000',
  RESULT_MAX_TOKENS: '200000',
  EMBEDDER: 'none',
};

/** @param {{ authentication: { publicKey: string, token: string }, main?: string, cached?: boolean, dataDir?: string, nodeArguments?: readonly string[], env?: Record<string, string> }} options */
export function ours({
  authentication,
  main = join(checkout, 'dist/main.js'),
  cached = false,
  dataDir,
  nodeArguments = [],
  env = {},
}) {
  const own = { ...settings, CACHE_TTL_SECONDS: cached ? '300' : '0' };
  return {
    name: cached ? 'ours-cached' : 'ours',
    title: cached ? 'this server, result cache on' : 'this server',
    settings: own,
    /** @returns {Promise<{ command: string, args: string[], env: Record<string, string>, target: import('../load/targets.mjs').Target }>} */
    async launch() {
      const port = await freePort();
      return {
        command: process.execPath,
        args: [...nodeArguments, main, 'serve', '--transport', 'http', '--port', String(port)],
        env: cleanEnvironment({
          ...(dataDir === undefined ? installationEnvironment() : { DATA_DIR: dataDir }),
          ...own,
          AUTH_PUBLIC_KEY: authentication.publicKey,
          ...env,
        }),
        target: {
          kind: 'http',
          url: `http://127.0.0.1:${port}/mcp`,
          headers: { Authorization: `Bearer ${authentication.token}` },
        },
      };
    },
    /** @param {import('../workloads.mjs').Workload} workload @param {import('../workloads.mjs').Variant} variant */
    call(workload, variant) {
      if (workload.id.startsWith('C') !== cached) return undefined;
      if (workload.kind === 'schema') {
        return {
          params: { name: 'get_multiple_table_schemas', arguments: variant.arguments },
          style: 'tables',
          expected: variant.described,
        };
      }
      if (workload.kind === 'metrics') {
        return {
          params: { name: metricsTool, arguments: variant.arguments },
          style: 'figures',
          expected: variant.expected,
          tool: metricsTool,
        };
      }
      return {
        params: { name: 'execute_sales_query', arguments: { postgresql_query: variant.sql } },
        style: 'counted',
        expected: variant.expected,
      };
    },
  };
}
