import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerLogin, peersDatabase, readerPassword } from '../installation.mjs';
import { cleanEnvironment, services } from '../places.mjs';
import { schemaSql } from '../workloads.mjs';
import { freePort } from './child.mjs';
import { installPackage } from './install.mjs';

const version = '1.12.0';

/** MCP Toolbox for Databases: its tool for any SQL. https://github.com/googleapis/mcp-toolbox */
export const toolbox = () => ({
  name: 'toolbox',
  title: `MCP Toolbox ${version}`,
  settings: { 'log-level': 'WARN' },
  async launch() {
    const modules = await installPackage('@toolbox-sdk/server', version);
    const { adminUrl } = services();
    const config = join(await mkdtemp(join(tmpdir(), 'zava-bench-')), 'tools.yaml');
    const source = {
      host: adminUrl.hostname,
      port: Number(adminUrl.port),
      database: peersDatabase,
      user: peerLogin,
      password: readerPassword(),
    };
    const documents = [
      { kind: 'source', name: 'retail', type: 'postgres', ...source },
      { kind: 'tool', name: 'execute_sql', type: 'postgres-execute-sql', source: 'retail', description: 'Runs SQL.' },
    ];
    // JSON is YAML.
    await writeFile(config, documents.map((document) => JSON.stringify(document)).join('\n---\n'), { mode: 0o600 });
    const port = await freePort();
    return {
      command: join(modules, `@toolbox-sdk/server-${process.platform}-${process.arch}/bin/toolbox`),
      args: ['--config', config, '--port', String(port), '--disable-version-check', '--log-level', 'WARN'],
      env: cleanEnvironment({}),
      target: { kind: 'http', url: `http://127.0.0.1:${port}/mcp` },
    };
  },
  call: sqlCall('execute_sql', 'blocks'),
});

/** @param {string} name of the tool @param {string} style @param {string} argument */
export function sqlCall(name, style, argument = 'sql') {
  return (workload, variant) => {
    if (workload.sameAs !== undefined) return undefined;
    const sql = workload.kind === 'schema' ? schemaSql : variant.sql;
    return { params: { name, arguments: { [argument]: sql } }, style, expected: variant.expected };
  };
}
