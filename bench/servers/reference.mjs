import { join } from 'node:path';
import { peerLogin, peersDatabase, readerPassword } from '../installation.mjs';
import { cleanEnvironment, services } from '../places.mjs';
import { installPackage } from './install.mjs';
import { sqlCall } from './toolbox.mjs';

const version = '0.6.2';

export const peerUrl = () => `postgresql://${peerLogin}:${readerPassword()}@${services().adminUrl.host}/${peersDatabase}`;

/** The archived reference server, which speaks stdio only. https://github.com/modelcontextprotocol/servers-archived */
export const reference = () => ({
  name: 'reference',
  title: `reference server ${version} (stdio)`,
  settings: {},
  async launch() {
    const modules = await installPackage('@modelcontextprotocol/server-postgres', version);
    const args = [join(modules, '@modelcontextprotocol/server-postgres/dist/index.js'), peerUrl()];
    const env = cleanEnvironment({ NODE_ENV: 'production' });
    return { command: process.execPath, args, env, target: { kind: 'stdio', command: process.execPath, args, env } };
  },
  call: sqlCall('query', 'list'),
});
