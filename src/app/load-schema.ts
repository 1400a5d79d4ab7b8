import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import { parseSchemaFile } from './schema-file.ts';
import { retailSchema, type ServedSchema } from './served-schema.ts';
import { inspectTrustedFolder } from './trusted-folder.ts';

const definitionFile = 'schema.json';
const sampleData = 'sample-data.sql';

/**
 * The schema that is served: retail, or the one whose definition, migrations and sample data are in SCHEMA_DIR. They decide who sees
 * what, so nobody else may be able to write them. Throws `misconfigured` with everything that is wrong.
 */
export async function loadServedSchema({ schemaDir }: Pick<Config, 'schemaDir'>): Promise<ServedSchema> {
  if (schemaDir === undefined) return retailSchema;
  const { names, faults } = await inspectTrustedFolder('SCHEMA_DIR', schemaDir);
  if (faults.length > 0) throw refused(faults);
  const missing = [definitionFile, 'migrations'].filter((name) => !names.includes(name));
  if (missing.length > 0) throw refused([`${schemaDir} holds no ${missing.join(' and no ')}`]);
  const written = parseSchemaFile(await readFile(join(schemaDir, definitionFile), 'utf8'));
  if ('faults' in written) throw refused(written.faults.map((fault) => `${definitionFile}: ${fault}`));
  return {
    ...written,
    migrations: pathToFileURL(`${join(schemaDir, 'migrations')}/`),
    async seed(session) {
      if (names.includes(sampleData)) await session.script(await readFile(join(schemaDir, sampleData), 'utf8'));
    },
  };
}

function refused(faults: readonly string[]): AppError {
  return new AppError('misconfigured', `The schema of SCHEMA_DIR is refused: ${faults.join('; ')}`, {
    hint: 'docs/how-to/serve-another-schema.md says what is asked of it.',
  });
}

/** For verbs that search goods. */
export function catalogueOf({ catalogue }: Pick<ServedSchema, 'catalogue'>): NonNullable<ServedSchema['catalogue']> {
  if (catalogue !== undefined) return catalogue;
  throw new AppError('invalid_input', 'The served schema has no catalogue of goods to search', {
    hint: 'The retail schema has one: leave SCHEMA_DIR out.',
  });
}
