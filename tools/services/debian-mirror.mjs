import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** apt's two formats (sources.list(5)), reduced to { uri, suites, components, signedBy }. */
export function parseAptSources(text, format) {
  return format === 'deb822' ? parseStanzas(text) : parseLines(text);
}

function parseLines(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    if (!match) return [];
    const [, options = '', uri, suite, components] = match;
    const signedBy = /signed-by=(\S+)/.exec(options)?.[1];
    return [{ uri, suites: [suite], components: components.trim().split(/\s+/), signedBy }];
  });
}

function parseStanzas(text) {
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name) => new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t]+.*)*)`, 'im').exec(stanza)?.[1]?.trim();
    const words = (name) => field(name)?.split(/\s+/) ?? [];
    if (!words('Types').includes('deb') || field('Enabled')?.toLowerCase() === 'no') return [];
    const [signedBy] = words('Signed-By');
    return words('URIs').map((uri) => ({ uri, suites: words('Suites'), components: words('Components'), signedBy }));
  });
}

/**
 * The Debian archive among the machine's apt sources: `main` of the machine's own release. Every release lies on the
 * same mirror. Third parties name other suites, and the security archive holds no complete release.
 */
export function findDebianMirror(sources, codename) {
  const releases = [codename, 'stable', 'testing', 'unstable', 'sid'];
  const found = sources.find(
    ({ uri, suites, components }) =>
      /^https?:/.test(uri) && components.includes('main') && suites.some((suite) => releases.includes(suite)),
  );
  if (!found) return undefined;
  return { uri: found.uri.replace(/\/+$/, ''), keyring: found.signedBy?.startsWith('/') ? found.signedBy : undefined };
}

export function loadAptSources(directory = '/etc/apt') {
  const parts = listFiles(join(directory, 'sources.list.d'));
  return [join(directory, 'sources.list'), ...parts].flatMap((path) => {
    if (path.endsWith('.sources')) return parseAptSources(readText(path), 'deb822');
    return path.endsWith('.list') ? parseAptSources(readText(path), 'lines') : [];
  });
}

/** os-release(5) as an object. */
export function parseOsRelease(text) {
  return Object.fromEntries([...text.matchAll(/^([A-Z_]+)="?(.*?)"?$/gm)].map(([, key, value]) => [key, value]));
}

export function loadOsRelease() {
  return parseOsRelease(readText('/etc/os-release'));
}

function listFiles(directory) {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
