import { keysSchema, type Session } from './snapshot.ts';

const suffix = '_replaced';

interface Place {
  /** Of the owner. */
  readonly session: Session;
  readonly owner: string;
}

/**
 * Renames the owner's schemas, in one transaction, so that nothing is lost before the restore is whole. (pg_restore's own
 * `--clean` cannot drop the keys of partitions.) What a killed attempt left is put right first.
 */
export async function setAside(place: Place): Promise<void> {
  await putBack(place);
  await inOneTransaction(place, 'ALTER SCHEMA %I RENAME TO %I', (name) => [name, `${name}${suffix}`]);
}

export async function dropAside(place: Place): Promise<void> {
  await inOneTransaction(place, 'DROP SCHEMA %I CASCADE', (name) => (name.endsWith(suffix) ? [name] : undefined));
}

/** A schema whose successor is there was replaced, and goes; one whose successor is not gets its name back. */
export async function putBack(place: Place): Promise<void> {
  const names = new Set(await schemasOf(place));
  const replaced = (name: string) => name.endsWith(suffix) && names.has(name.slice(0, -suffix.length));
  await inOneTransaction(place, 'DROP SCHEMA %I CASCADE', (name) => (replaced(name) ? [name] : undefined));
  await inOneTransaction(place, 'ALTER SCHEMA %I RENAME TO %I', (name) =>
    name.endsWith(suffix) ? [name, name.slice(0, -suffix.length)] : undefined,
  );
}

async function schemasOf({ session, owner }: Place): Promise<string[]> {
  const rows = await session.query(
    'SELECT nspname AS name FROM pg_namespace WHERE pg_get_userbyid(nspowner) = $1 AND nspname <> $2 ORDER BY 1',
    [owner, keysSchema],
  );
  return rows.map(({ name }) => name ?? '');
}

async function inOneTransaction(place: Place, form: string, namesOf: (name: string) => string[] | undefined): Promise<void> {
  const statements: string[] = [];
  for (const name of await schemasOf(place)) {
    const names = namesOf(name);
    if (names === undefined) continue;
    const [row] = await place.session.query('SELECT format($1, VARIADIC $2::text[]) AS statement', [form, names]);
    statements.push(row?.statement ?? '');
  }
  if (statements.length > 0) await place.session.script(statements.join('; '));
}
