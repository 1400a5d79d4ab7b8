import type { Tenant } from '../core/principal.ts';
import type { RelationDefinition } from '../core/schema-definition.ts';
import { attempt, exclusiveRelations, type ProbeResult, type Prober, tenantRelations } from './probe.ts';

/** Whether each tenant sees all of its rows and no others. A large table is planned in parallel here, so lost rows show as well. */
export async function probeSeparation(prober: Prober): Promise<ProbeResult[]> {
  const { definition, pair } = prober;
  const results: ProbeResult[] = [];
  for (const relation of tenantRelations(definition)) {
    for (const tenant of pair) results.push(await probeOwnRows(prober, relation, tenant));
  }
  results.push(await probeBoth(prober));
  for (const { suffix } of definition.readerRoles) {
    results.push(await probeReader(prober, suffix));
    results.push(await probeNoScope(prober, suffix));
  }
  return results;
}

function probeOwnRows(prober: Prober, relation: RelationDefinition, tenant: Tenant): Promise<ProbeResult> {
  const table = `${prober.definition.schema}.${relation.name}`;
  const shared = relation.policyReads.length > 0;
  return attempt(`${tenant.name} sees its own rows of ${relation.name} and no others`, async () => {
    const foreign = `t.${relation.tenantColumn} IS DISTINCT FROM ${tenant.id}`;
    const unexplained = shared ? `${foreign} AND NOT (${explanations(prober, relation).join(' OR ')})` : foreign;
    const answer = await prober.ask(
      prober.sign([tenant.id]),
      `SELECT count(*), count(*) FILTER (WHERE ${unexplained}) FROM ${table} t`,
    );
    if (answer.refused) return { passed: false, detail: `refused with ${answer.sqlState}` };
    const [all = 0, others = 0] = (answer.rows[0] ?? []).map(Number);
    const expected = prober.rowsOf.get(relation.name)?.get(tenant.id) ?? 0;
    const verified = answer.verified.length === 1 && answer.verified[0] === tenant.id;
    const told = `${all} rows${shared ? '' : ` of ${expected}`}, ${others} of others`;
    return { passed: verified && others === 0 && (shared || all === expected), detail: told };
  });
}

/** Why a tenant may see a row of a shared relation: a row of its own refers to it. */
function explanations({ definition }: Prober, relation: RelationDefinition): string[] {
  return relation.policyReads.flatMap((name) => {
    const other = definition.relations.find((known) => known.name === name);
    const link = other?.relationships.find((relationship) => relationship.references === relation.name);
    if (link === undefined) return [];
    const join = link.columns.map((column, index) => `o.${column} = t.${link.referencedColumns[index]}`);
    return [`EXISTS (SELECT FROM ${definition.schema}.${name} o WHERE ${join.join(' AND ')})`];
  });
}

function probeBoth({ definition, pair, rowsOf, sign, ask }: Prober): Promise<ProbeResult> {
  const [a, b] = pair;
  return attempt(`whoever may see ${a.name} and ${b.name} sees the rows of both`, async () => {
    const relations = exclusiveRelations(definition);
    const text = relations.map((relation) => `(SELECT count(*) FROM ${definition.schema}.${relation.name})`).join(', ');
    const answer = await ask(sign([a.id, b.id]), `SELECT ${text}`);
    if (answer.refused) return { passed: false, detail: `refused with ${answer.sqlState}` };
    const wrong = relations.filter((relation, index) => {
      const counts = rowsOf.get(relation.name);
      return Number(answer.rows[0]?.[index]) !== (counts?.get(a.id) ?? 0) + (counts?.get(b.id) ?? 0);
    });
    return wrong.length === 0
      ? { passed: true, detail: `the sums agree in ${relations.length} relations` }
      : { passed: false, detail: `the sum is wrong in ${wrong.map(({ name }) => name).join(', ')}` };
  });
}

function probeReader({ definition, pair, prefix, sign, ask }: Prober, suffix: string): Promise<ProbeResult> {
  const [tenant] = pair;
  return attempt(`${prefix}_${suffix} shows ${tenant.name} no row of others`, async () => {
    const counts = exclusiveRelations(definition).map(
      ({ name, tenantColumn }) =>
        `(SELECT count(*) FROM ${definition.schema}.${name} WHERE ${tenantColumn} IS DISTINCT FROM ${tenant.id})`,
    );
    const answer = await ask(sign([tenant.id]), `SELECT ${counts.join(' + ')}`, suffix);
    if (answer.refused) return { passed: false, detail: `refused with ${answer.sqlState}` };
    const foreign = answer.rows[0]?.[0];
    return { passed: foreign === '0', detail: `${foreign} rows of others` };
  });
}

function probeNoScope({ definition, prefix, ask }: Prober, suffix: string): Promise<ProbeResult> {
  return attempt(`${prefix}_${suffix} shows nothing without a scope`, async () => {
    const counts = tenantRelations(definition).map(({ name }) => `(SELECT count(*) FROM ${definition.schema}.${name})`);
    const answer = await ask('', `SELECT ${counts.join(' + ')}`, suffix);
    if (answer.refused) return { passed: true, detail: `refused with ${answer.sqlState}` };
    const rows = answer.rows[0]?.[0];
    return { passed: rows === '0' && answer.verified.length === 0, detail: `${rows} rows` };
  });
}
