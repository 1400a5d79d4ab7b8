import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { isMissingFile } from './local-keys.ts';
import type { SecretStore } from './secret-store.ts';

const fileName = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Secrets as files named after them in one folder, as Docker and Kubernetes mount them. */
export function createFileSecretStore(directory: string): SecretStore {
  return {
    async get(name) {
      if (!fileName.test(name)) {
        throw new AppError('misconfigured', `"${name}" cannot be the name of a secret in a file`, {
          hint: 'Use letters, digits, dot, hyphen and underscore.',
        });
      }
      try {
        return (await readFile(join(directory, name), 'utf8')).replace(/\r?\n$/, '');
      } catch (cause) {
        if (isMissingFile(cause)) return undefined;
        throw new AppError('misconfigured', `The secret ${name} in ${directory} cannot be read`, {
          hint: 'Let the account of the server read the file.',
          cause,
        });
      }
    },
  };
}
