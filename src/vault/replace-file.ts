import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** Puts a new secret in the place of an old one (mode 0600). Readers see the old text or the new one, never a part. */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await rename(aside, path);
  } finally {
    await file.close();
    await rm(aside, { force: true });
  }
}
