import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

// Reads a .cpuprofile as `node --cpu-prof` writes it: https://nodejs.org/docs/latest-v20.x/api/cli.html#--cpu-prof

/** What a sample counts for: the function itself, or whose code it is. */
const groupings = {
  function: ({ functionName, url, lineNumber }) =>
    `${functionName || '(anonymous)'}${url === '' ? '' : `  ${shortened(url)}:${lineNumber + 1}`}`,
  package: ({ functionName, url }) => (url === '' ? functionName || '(native code)' : packageOf(shortened(url))),
};

/**
 * @param {{ nodes: any[], samples: number[], timeDeltas: number[] }} profile
 * @param {{ by: 'function' | 'package', most: number, fromMs?: number }} options what came before `fromMs`, the start, is left out
 * @returns {{ name: string, ms: number, share: number }[]} by the time spent in themselves; idling left out
 */
export function topSelfTimes(profile, { by, most, fromMs = 0 }) {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, inSource(callFrame)]));
  const nameOf = groupings[by];
  /** @type {Map<string, number>} */
  const spent = new Map();
  let atMs = 0;
  let busyMs = 0;
  profile.samples.forEach((id, index) => {
    const ms = (profile.timeDeltas[index] ?? 0) / 1000;
    atMs += ms;
    const frame = frames.get(id);
    if (atMs < fromMs || ['(idle)', '(root)'].includes(frame.functionName)) return;
    const name = nameOf(frame);
    busyMs += ms;
    spent.set(name, (spent.get(name) ?? 0) + ms);
  });
  return [...spent]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, ms]) => ({ name, ms, share: ms / busyMs }));
}

const maps = new Map();

/** What is built of the sources is told by them. */
function inSource(frame) {
  if (!frame.url.startsWith('file:') || /node_modules\/(?!\.cache)/.test(frame.url)) return frame;
  const file = `${fileURLToPath(frame.url)}.map`;
  if (!maps.has(file)) maps.set(file, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  const origin = maps.get(file)?.findOrigin(frame.lineNumber + 1, frame.columnNumber + 1);
  if (origin?.fileName === undefined) return frame;
  return { ...frame, url: origin.fileName, lineNumber: origin.lineNumber - 1 };
}

/** Package and file, or the file inside src. @param {string} url */
function shortened(url) {
  const path = url.replace(/^file:\/\//, '');
  const inPackage = /node_modules\/(?!.*node_modules\/)(.*)$/.exec(path)?.[1];
  return inPackage ?? /(src\/.*)$/.exec(path)?.[1] ?? path;
}

/** @param {string} place */
function packageOf(place) {
  if (place.startsWith('node:')) return 'node:*';
  if (place.startsWith('wasm:')) return 'wasm';
  const [first, second] = place.split('/');
  return place.startsWith('@') || first === 'src' ? `${first}/${second}` : first;
}
