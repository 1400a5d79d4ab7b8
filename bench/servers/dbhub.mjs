import { join } from 'node:path';
import { cleanEnvironment } from '../places.mjs';
import { freePort } from './child.mjs';
import { installPackage } from './install.mjs';
import { peerUrl } from './reference.mjs';
import { sqlCall } from './toolbox.mjs';

const version = '1.4.0';

/** https://github.com/bytebase/dbhub */
export const dbhub = () => ({
  name: 'dbhub',
  title: `dbhub ${version}`,
  settings: {},
  async launch() {
    const modules = await installPackage('@bytebase/dbhub', version);
    const port = await freePort();
    const address = ['--transport', 'http', '--host', '127.0.0.1', '--port', String(port)];
    return {
      command: process.execPath,
      args: [join(modules, '@bytebase/dbhub/dist/index.js'), ...address, '--dsn', `${peerUrl()}?sslmode=disable`],
      env: cleanEnvironment({ NODE_ENV: 'production' }),
      target: { kind: 'http', url: `http://127.0.0.1:${port}/mcp` },
    };
  },
  call: sqlCall('execute_sql', 'statements'),
});
