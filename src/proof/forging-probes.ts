import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { createScopeSigner } from '../postgres/scope-token.ts';
import { attempt, exclusiveRelations, type ProbeResult, type Prober } from './probe.ts';

export interface ForgingOptions {
  readonly prober: Prober;
  /** The settings that the scope functions keep their context in, as found in their source. */
  readonly contextSettings: readonly string[];
  /** Schema-qualified function that policies ask; undefined where none was found. */
  readonly scopeFunction: string | undefined;
}

/** Tokens and statements by which the first tenant tries to see the second one's rows. The SQL guard has no part in it. */
export async function probeForging(options: ForgingOptions): Promise<ProbeResult[]> {
  const { prober } = options;
  const [own, other] = prober.pair;
  const target = exclusiveRelations(prober.definition).find(({ name }) => (prober.rowsOf.get(name)?.get(other.id) ?? 0) > 0);
  if (target === undefined) return [];
  const foreignRows = `SELECT count(*) FROM ${prober.definition.schema}.${target.name} WHERE ${target.tenantColumn} = ${other.id}`;
  const results: ProbeResult[] = [];

  for (const [name, token] of Object.entries(forgedTokens(prober))) {
    results.push(await attempt(`token: ${name}`, async () => judge(await prober.ask(token, foreignRows))));
  }
  const captured = await captureContexts(options);
  for (const [name, text] of Object.entries(attacks(options, foreignRows, captured))) {
    results.push(await attempt(`statement: ${name}`, async () => judge(await prober.ask(prober.sign([own.id]), text))));
  }
  results.push(
    await attempt('statement: an expression that fails on rows of others', async () => {
      const text = `SELECT count(*) FROM ${prober.definition.schema}.${target.name}
        WHERE 1 / (CASE WHEN ${target.tenantColumn} = ${other.id} THEN 0 ELSE 1 END) = 1`;
      const answer = await prober.ask(prober.sign([own.id]), text);
      return answer.refused
        ? { passed: false, detail: `it met a row that it must not meet: ${answer.sqlState}` }
        : { passed: true, detail: 'it met none' };
    }),
    await attempt('after all attempts nothing has changed', async () =>
      judge(await prober.ask(prober.sign([own.id]), foreignRows)),
    ),
  );
  return results;
}

type Verdict = Omit<ProbeResult, 'name'>;

/** Statements of an attack end in a count of foreign rows, or in nothing. */
function judge(answer: Awaited<ReturnType<Prober['ask']>>): Verdict {
  if (answer.refused) return { passed: true, detail: `refused with ${answer.sqlState}` };
  const found = answer.rows.map((row) => row.at(-1) ?? '0').filter((value) => value !== '0');
  return found.length === 0
    ? { passed: true, detail: 'no row of others' }
    : { passed: false, detail: `${found[0]} rows of others` };
}

function forgedTokens({ pair, sign, clock, signingKey }: Prober): Record<string, string> {
  const [own, other] = pair;
  const parts = sign([own.id]).split('.');
  const signedAt = (offsetMs: number) => {
    const shifted: Clock = { now: () => clock.now() + offsetMs, monotonic: () => clock.monotonic() };
    return createScopeSigner({ signingKey, clock: shifted })([other.id]);
  };
  const signedWith = (kid: string) => createScopeSigner({ signingKey: () => ({ kid, key: randomBytes(32) }), clock })([other.id]);
  const mac = parts.at(-1) ?? '';
  const flipped = `${mac.slice(0, -1)}${mac.endsWith('0') ? '1' : '0'}`;
  return {
    'no text': '',
    'text of another kind': 'Bearer v1',
    'another tenant under the own signature': parts.with(4, String(other.id)).join('.'),
    'one more tenant under the own signature': parts.with(4, `${own.id},${other.id}`).join('.'),
    'one character of the signature altered': [...sign([other.id]).split('.').slice(0, 5), flipped].join('.'),
    'no signature': sign([other.id]).split('.').with(5, '').join('.'),
    'another key under the known name': signedWith(signingKey().kid),
    'an unknown key': signedWith('unknown'),
    'one minute expired': signedAt(-100_000),
    'a lifetime of an hour': signedAt(3_600_000),
    'longer than any token': `v1.${'9'.repeat(9000)}`,
  };
}

/** What the second tenant's transaction holds, taken out of it: worth nothing in another one. */
async function captureContexts({ prober, contextSettings }: ForgingOptions): Promise<string[]> {
  const token = prober.sign([prober.pair[1].id]);
  const contexts: string[] = [];
  for (const setting of contextSettings) {
    const answer = await prober.ask(token, `SELECT current_setting('${setting}', true)`);
    const value = answer.refused ? undefined : answer.rows[0]?.[0];
    if (value) contexts.push(value);
  }
  return contexts;
}

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

function attacks(
  { prober, contextSettings, scopeFunction }: ForgingOptions,
  foreignRows: string,
  captured: readonly string[],
): Record<string, string> {
  const { definition, prefix, pair, sign } = prober;
  const [own, other] = pair;
  const after = (call: string) => `WITH f AS MATERIALIZED (SELECT ${call}) SELECT (${foreignRows}) FROM f`;
  const setting = (name: string, value: string) => `set_config(${literal(name)}, ${literal(value)}, true)`;
  const nested = (call: string) =>
    `WITH f AS MATERIALIZED (SELECT ${call}) SELECT coalesce((xpath('//count/text()', x))[1]::text, '0')
     FROM f, query_to_xml(${literal(foreignRows)}, false, false, '') x`;
  const scope = (token: string) => after(`${definition.useScopeFunction}(${literal(token)})`);
  const tokens = forgedTokens(prober);
  return {
    ...Object.fromEntries(
      contextSettings.flatMap((name, index) => [
        [`${name} set to the other tenant`, after(setting(name, String(other.id)))],
        [`${name} set to the other tenant in a nested statement`, nested(setting(name, String(other.id)))],
        [`${name} set to what another transaction held`, after(setting(name, captured[index] ?? ''))],
        [`SET LOCAL ${name}`, `SET LOCAL ${name} = ${literal(captured[index] ?? String(other.id))}`],
      ]),
    ),
    'set_config of the role to the owner': after(setting('role', `${prefix}_owner`)),
    'set_config of the role to the operator, in a nested statement': nested(setting('role', `${prefix}_operator`)),
    'set_config of the role to the owner, in a nested statement': nested(setting('role', `${prefix}_owner`)),
    'set_config of the session’s user': nested(setting('session_authorization', `${prefix}_owner`)),
    'set_config of row_security': nested(setting('row_security', 'off')),
    'use_scope with an altered token': scope(tokens['another tenant under the own signature'] ?? ''),
    'use_scope with an expired token': scope(tokens['one minute expired'] ?? ''),
    'use_scope with the own token': scope(sign([own.id])),
    'a second statement behind the first': `SELECT 0; ${foreignRows}`,
    'the end of the transaction': 'COMMIT',
    'SET ROLE': `SET ROLE ${prefix}_owner`,
    'RESET ROLE': 'RESET ROLE',
    'a DO block': `DO $$ BEGIN EXECUTE 'SET ROLE ${prefix}_owner'; END $$`,
    'planner statistics': `SELECT count(*) FROM pg_stats WHERE schemaname = ${literal(definition.schema)} AND tablename IN (${definition.relations
      .filter((relation) => relation.tenantScoped)
      .map(({ name }) => literal(name))
      .join(', ')})`,
    'the keys': 'SELECT count(*) FROM keys.scope_keys',
    'a file of the server': "SELECT length(pg_read_file('PG_VERSION'))",
    ...(scopeFunction === undefined
      ? {}
      : { 'the scope asked directly': `SELECT count(*) FROM unnest(${scopeFunction}()) s WHERE s <> ${own.id}` }),
  };
}
