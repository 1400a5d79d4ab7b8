import type { Manifest, Part } from '../../src/backup/manifest.ts';
import { parseKeyRing } from '../../src/vault/key-ring.ts';

export const ring = () => parseKeyRing(`k1:${Buffer.alloc(32, 7).toString('base64')}`, 'a test');

/** The moment in a backup's name. */
export function takenAtOf(name: string): string {
  const [, y, mo, d, h, mi, s] = /_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(name) ?? [];
  return `${y}-${mo}-${d}T${h}:${mi}:${s}.000Z`;
}

export function manifestOf(name: string, changes: Partial<Manifest> = {}): Manifest {
  const part: Part = { role: 'dump', blob: `${name}.dump`, bytes: 3, sha256: 'a'.repeat(64) };
  return {
    version: 1,
    name,
    kind: name.includes('incremental') ? 'incremental' : 'full',
    parent: null,
    takenAt: takenAtOf(name),
    finishedAt: takenAtOf(name),
    server: { version: '17.1', major: 17, database: 'zava' },
    toolMajor: 17,
    schemaVersion: 12,
    roles: ['zava_owner'],
    lsn: null,
    parts: [part],
    tables: { 'retail.stores': { rows: 8, digest: '1:2' } },
    ...changes,
  };
}

export async function* bytes(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

export async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
