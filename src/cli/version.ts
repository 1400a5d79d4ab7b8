import { readFileSync } from 'node:fs';

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;
}

export function readVersion(): string {
  return readManifest().version;
}

/** For example `20.19`. */
export function minimumNode(): string {
  return readManifest().engines.node.replace(/[^\d.]/g, '');
}
