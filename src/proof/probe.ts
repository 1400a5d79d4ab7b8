import type { Clock } from '../core/clock.ts';
import { AppError, type ErrorCode } from '../core/errors.ts';
import type { Tenant } from '../core/principal.ts';
import type { RelationDefinition, SchemaDefinition } from '../core/schema-definition.ts';
import type { Database } from '../postgres/database.ts';
import { createScopeSigner, type ScopeSigner, type ScopeSigningKey } from '../postgres/scope-token.ts';
import { isPostgresError } from '../postgres/sqlstate.ts';

/** One attempt that was really made, and how the database answered. */
export interface ProbeResult {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
  /** Nobody answered. That proves nothing, neither that tenants are kept apart nor that they are not. */
  readonly unanswered?: true;
}

export interface ProbeOptions {
  readonly database: Database;
  readonly definition: SchemaDefinition;
  /** Prefix of the installation's roles. */
  readonly prefix: string;
  /** The serving key: probes sign sound tokens with it, and altered ones. */
  readonly signingKey: () => ScopeSigningKey;
  readonly clock: Clock;
  readonly tenants: readonly Tenant[];
}

export type Answer =
  | { readonly refused: false; readonly rows: readonly (readonly (string | null)[])[]; readonly verified: readonly number[] }
  | { readonly refused: true; readonly sqlState: string };

export interface Prober extends ProbeOptions {
  readonly sign: ScopeSigner;
  /** Two tenants with rows in as many relations as possible. */
  readonly pair: readonly [Tenant, Tenant];
  /** Rows of each tenant, as one who may see all tenants is told. Relations whose rows have one tenant only. */
  readonly rowsOf: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** What a caller's statement gets with the guard switched off. */
  ask(scopeToken: string, text: string, reader?: string): Promise<Answer>;
}

const timeoutMs = 30_000;
const maxBytes = 1_000_000;
/** Their ids still fit into one token. */
const maxTenants = 1000;

/** https://www.postgresql.org/docs/17/errcodes-appendix.html: connection, resources, operator, system: no answer to what was asked. */
const noAnswer = /^(08|53|57|58)/;

export function asRefusal(error: unknown): Answer {
  const cause = error instanceof AppError ? error.cause : error;
  if (isPostgresError(cause) && !noAnswer.test(cause.code)) return { refused: true, sqlState: cause.code };
  throw error;
}

/** Reads how the rows are spread over the tenants. Undefined where fewer than two tenants have rows: then nothing can be proved. */
export async function createProber(options: ProbeOptions): Promise<Prober | undefined> {
  const { database, definition, tenants } = options;
  const defaultReader = definition.readerRoles[0]?.suffix ?? '';
  const sign = createScopeSigner(options);
  const ask: Prober['ask'] = (scopeToken, text, reader = defaultReader) =>
    database
      .runAsTenant({ reader, scopeToken, text, limits: { maxRows: maxTenants + 1, maxBytes }, timeoutMs })
      .then(({ rows, verifiedTenantIds }): Answer => ({ refused: false, rows, verified: verifiedTenantIds }), asRefusal);

  const everyone = tenants.slice(0, maxTenants);
  const rowsOf = new Map<string, Map<number, number>>();
  for (const { name, tenantColumn } of exclusiveRelations(definition)) {
    const text = `SELECT ${tenantColumn}, count(*) FROM ${definition.schema}.${name} GROUP BY 1`;
    const answer = await ask(sign(everyone.map(({ id }) => id)), text);
    rowsOf.set(name, new Map(answer.refused ? [] : answer.rows.map((row) => [Number(row[0]), Number(row[1])])));
  }
  const filled = (tenant: Tenant) => [...rowsOf.values()].filter((counts) => (counts.get(tenant.id) ?? 0) > 0).length;
  const [first, second] = everyone.filter((tenant) => filled(tenant) > 0).sort((a, b) => filled(b) - filled(a) || a.id - b.id);
  if (first === undefined || second === undefined) return undefined;
  return { ...options, sign, pair: [first, second], rowsOf, ask };
}

export const tenantRelations = (definition: SchemaDefinition): RelationDefinition[] =>
  definition.relations.filter((relation) => relation.tenantScoped && relation.tenantColumn !== undefined);

/** Every row belongs to one tenant. Where a policy reads another relation, a row may be seen by several. */
export const exclusiveRelations = (definition: SchemaDefinition): RelationDefinition[] =>
  tenantRelations(definition).filter((relation) => relation.policyReads.length === 0);

const away: ReadonlySet<ErrorCode> = new Set(['dependency_unavailable', 'circuit_open', 'overloaded', 'query_timeout']);

/** A probe that could not be carried out has not been passed. */
export async function attempt(name: string, work: () => Promise<Omit<ProbeResult, 'name'>>): Promise<ProbeResult> {
  try {
    return { name, ...(await work()) };
  } catch (error) {
    const reason = error instanceof AppError ? `${error.code}: ${error.message}` : 'an unexpected failure';
    const unanswered = error instanceof AppError && away.has(error.code);
    return { name, passed: false, detail: `could not be carried out: ${reason}`, ...(unanswered && { unanswered }) };
  }
}
