import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanEnvironment, peersCache, progress, runCommand } from '../places.mjs';

/**
 * A package in a folder of its own, outside the project and at an exact version.
 *
 * @param {string} name
 * @param {string} version
 * @returns {Promise<string>} its node_modules
 */
export async function installPackage(name, version) {
  const folder = join(peersCache, `${name.replaceAll(/[@/]+/g, '-').slice(1)}-${version}`);
  const modules = join(folder, 'node_modules');
  if (existsSync(join(folder, 'complete'))) return modules;
  progress(`installing ${name}@${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await runCommand('npm', ['install', '--no-audit', '--no-fund', '--save-exact', `${name}@${version}`], {
    env: { ...cleanEnvironment({}), ...npmSettings() },
    cwd: folder,
  });
  await writeFile(join(folder, 'complete'), '');
  return modules;
}

/** Proxies and registries that the person has set. */
const npmSettings = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(npm_config_|https?_proxy|no_proxy|node_extra_ca)/i.test(name)),
  );
