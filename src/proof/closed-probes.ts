import { isReadable, type RelationDefinition } from '../core/schema-definition.ts';
import { type Answer, asRefusal, attempt, type ProbeResult, type Prober, tenantRelations } from './probe.ts';

/** What no caller may do at all: hidden columns, writing, making objects; and the serving login's own limits. */
export async function probeClosedDoors(prober: Prober): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const relation of prober.definition.relations) results.push(...(await probeHiddenColumns(prober, relation)));
  for (const relation of tenantRelations(prober.definition)) results.push(...(await probeWrites(prober, relation)));
  const token = prober.sign([prober.pair[0].id]);
  for (const [name, text] of Object.entries({
    'make a table': `CREATE TABLE ${prober.definition.schema}.probe (id int)`,
    'make a temporary table': 'CREATE TEMPORARY TABLE probe (id int)',
    'make a function': `CREATE FUNCTION ${prober.definition.schema}.probe() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  })) {
    results.push(await attempt(`a caller cannot ${name}`, async () => mustBeRefused(await prober.ask(token, text))));
  }
  for (const relation of tenantRelations(prober.definition)) results.push(await probeServer(prober, relation));
  return results;
}

const mustBeRefused = (answer: Answer): Omit<ProbeResult, 'name'> =>
  answer.refused ? { passed: true, detail: `refused with ${answer.sqlState}` } : { passed: false, detail: 'was carried out' };

/** insufficient_privilege: another refusal would only mean that the probe is wrong. */
const mustBeDenied = (answer: Answer): Omit<ProbeResult, 'name'> =>
  answer.refused && answer.sqlState !== '42501'
    ? { passed: false, detail: `was refused with ${answer.sqlState}, not for want of the privilege` }
    : mustBeRefused(answer);

async function probeHiddenColumns(
  { definition, prefix, sign, pair, ask }: Prober,
  relation: RelationDefinition,
): Promise<ProbeResult[]> {
  const table = `${definition.schema}.${relation.name}`;
  const results: ProbeResult[] = [];
  for (const reader of definition.readerRoles) {
    const hidden = relation.columns.filter((column) => !isReadable(column, reader)).map((column) => column.name);
    if (hidden.length === 0) continue;
    // A reference to the whole row would hand out every column at once.
    for (const column of [...hidden, 't']) {
      const what = column === 't' ? `whole rows of ${relation.name}` : `${relation.name}.${column}`;
      results.push(
        await attempt(`${prefix}_${reader.suffix} cannot read ${what}`, async () =>
          mustBeDenied(await ask(sign([pair[0].id]), `SELECT ${column} FROM ${table} t LIMIT 1`, reader.suffix)),
        ),
      );
    }
  }
  return results;
}

/** On no rows at all: privileges are checked before rows are looked for. */
async function probeWrites({ definition, sign, pair, ask }: Prober, relation: RelationDefinition): Promise<ProbeResult[]> {
  const table = `${definition.schema}.${relation.name}`;
  const column = relation.tenantColumn;
  const writes = {
    delete: `DELETE FROM ${table} WHERE false`,
    update: `UPDATE ${table} SET ${column} = ${column} WHERE false`,
    insert: `INSERT INTO ${table} (${column}) SELECT 1 WHERE false`,
  };
  const results: ProbeResult[] = [];
  for (const [verb, text] of Object.entries(writes)) {
    results.push(
      await attempt(`a caller cannot ${verb} rows of ${relation.name}`, async () =>
        mustBeRefused(await ask(sign([pair[0].id]), `WITH w AS (${text} RETURNING 1) SELECT count(*) FROM w`)),
      ),
    );
  }
  return results;
}

function probeServer({ database, definition }: Prober, relation: RelationDefinition): Promise<ProbeResult> {
  return attempt(`the serving login cannot read ${relation.name}`, async () => {
    const text = `SELECT count(*) FROM ${definition.schema}.${relation.name}`;
    return mustBeDenied(await database.query(text).then((): Answer => ({ refused: false, rows: [], verified: [] }), asRefusal));
  });
}
