import { AppError } from '../core/errors.ts';
import type { Artefacts } from './artefacts.ts';
import type { Waiting } from './backup-source.ts';
import type { Catalogue } from './catalogue.ts';
import { bytesOf, type Manifest } from './manifest.ts';

export interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface VerifyBackupsOptions extends Waiting {
  readonly catalogue: Catalogue;
  readonly artefacts: Artefacts;
  /** Absent: every backup. */
  readonly name?: string | undefined;
}

/** Reads every byte of every part, and of all that a backup builds on: digests, seals and manifests must be as written. */
export async function verifyBackups(options: VerifyBackupsOptions): Promise<Verdict[]> {
  const { catalogue, name, signal, onProgress } = options;
  const { backups, broken } = await catalogue.list();
  const chosen = name === undefined ? backups : await chainOf(catalogue, name);
  const verdicts: Verdict[] = broken
    .filter((one) => name === undefined || one.name === name)
    .map((one) => ({ name: one.name, passed: false, detail: one.reason }));
  for (const [index, manifest] of chosen.entries()) {
    signal.throwIfAborted();
    onProgress({ step: 'backups read', done: index, total: chosen.length });
    verdicts.push(await verifyOne(options, manifest));
  }
  onProgress({ step: 'backups read', done: chosen.length, total: chosen.length });
  return verdicts;
}

async function chainOf(catalogue: Catalogue, name: string): Promise<Manifest[]> {
  try {
    return await catalogue.chain(await catalogue.read(name));
  } catch (error) {
    // One that cannot even be read is among the broken.
    if (error instanceof AppError && (await catalogue.list()).broken.some((one) => one.name === name)) return [];
    throw error;
  }
}

async function verifyOne({ artefacts, signal }: VerifyBackupsOptions, manifest: Manifest): Promise<Verdict> {
  try {
    for (const part of manifest.parts) for await (const _ of artefacts.read(part, { signal }));
    const detail = `${manifest.parts.length} parts, ${bytesOf(manifest)} bytes, as they were written`;
    return { name: manifest.name, passed: true, detail };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return { name: manifest.name, passed: false, detail: error.message };
  }
}
