import { readFileSync } from 'node:fs';
import { packageRoot } from '../core/package-root.ts';

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as Manifest;
}

export function readVersion(): string {
  return readManifest().version;
}

/** For example `20.19`. */
export function minimumNode(): string {
  return readManifest().engines.node.replace(/[^\d.]/g, '');
}
