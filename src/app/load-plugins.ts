import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../core/errors.ts';
import type { MakePlugin } from '../mcp/plugins/plugin-definition.ts';
import type { Plugin } from '../mcp/plugins/plugin-tool.ts';
import { inspectTrustedFolder } from './trusted-folder.ts';

/**
 * Loads the plug-ins of PLUGINS_DIR: the `.mjs` files in it, once, at the start. They are the operator's code and run with all
 * rights of this process, so nobody else may be able to write any of it. Throws `misconfigured` with everything that is wrong.
 */
export async function loadPlugins(directory: string | undefined): Promise<Plugin[]> {
  if (directory === undefined) return [];
  const { names, faults: foreign } = await inspectTrustedFolder('PLUGINS_DIR', directory);
  const faults = [...foreign, ...names.map((name) => nameFault(directory, name)).filter((fault) => fault !== undefined)];
  if (faults.length > 0) throw refused(faults);
  const files = names.filter((name) => dirname(name) === '.' && extname(name) === '.mjs');
  return Promise.all(files.map((file) => load(directory, file)));
}

/** In the folder itself, code that would silently not be loaded is a mistake. */
function nameFault(directory: string, name: string): string | undefined {
  if (dirname(name) !== '.' || !/\.(c?[jt]s|mts|jsx|tsx)$/.test(name)) return undefined;
  return `${join(directory, name)} is not loaded: a plug-in is an ES module, name it .mjs`;
}

async function load(directory: string, file: string): Promise<Plugin> {
  let made: { readonly default?: unknown };
  try {
    made = await import(pathToFileURL(join(directory, file)).href);
  } catch (cause) {
    throw refused([`${file} could not be loaded: ${cause instanceof Error ? cause.message : cause}`], cause);
  }
  if (typeof made.default !== 'function') throw refused([`${file} has no default export that is a function`]);
  return { file, make: made.default as MakePlugin };
}

function refused(faults: readonly string[], cause?: unknown): AppError {
  return new AppError('misconfigured', `The plug-ins are refused: ${faults.join('; ')}`, {
    hint: 'Mend it, or start without PLUGINS_DIR. docs/how-to/add-a-tool.md says what is asked of plug-ins.',
    cause,
  });
}
