import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { DimensionDefinition, MetricsDefinition } from '../core/metrics-definition.ts';
import type { Principal, Tenant } from '../core/principal.ts';
import { nearestNames } from '../query/nearest-names.ts';
import type { RunQuery } from '../query/query-result.ts';
import type { KeyFilter, NamedFilters } from './request.ts';

export interface FindNamesOptions {
  readonly definition: MetricsDefinition;
  readonly runQuery: RunQuery;
  readonly clock: Clock;
}

export type FindNames = (filters: NamedFilters, call: NamesCall) => Promise<KeyFilter[]>;

interface NamesCall {
  readonly principal: Principal;
  readonly requestId?: string;
  readonly signal?: AbortSignal | undefined;
}

const mostNames = 50;
const longestName = 100;
const keptMs = 300_000;

/** Turns the names in filters into keys, so that a caller's words never reach the statement that answers. Unknown ones are refused with the nearest. */
export function createFindNames({ definition, runQuery, clock }: FindNamesOptions): FindNames {
  // Of what every caller may read: tenants and their groups come from the principal
  const known = new LRUCache<string, readonly number[]>({
    max: 5000,
    ttl: keptMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonic() },
  });

  const lookUp = async (dimension: DimensionDefinition, source: string, names: readonly string[], call: NamesCall) => {
    const keyOf = (name: string) => `${dimension.name}\0${name}`;
    const missing = names.filter((name) => known.get(keyOf(name)) === undefined);
    if (missing.length > 0) {
      const asked = missing.map((name, index) => `(${index}, ${quoted(name)})`).join(', ');
      const sql = `SELECT a.place, n.id FROM (VALUES ${asked}) AS a(place, name) JOIN (${source}) AS n ON lower(n.value) = lower(a.name)`;
      const found = JSON.parse((await runQuery({ ...call, sql })).rowsJson) as [number, number][];
      for (const [place, name] of missing.entries()) {
        const ids = found.filter(([of]) => of === place).map(([, id]) => id);
        if (ids.length === 0) throw await unknown(dimension, source, name, call);
        known.set(keyOf(name), ids);
      }
    }
    return names.flatMap((name) => known.get(keyOf(name)) ?? []);
  };
  const unknown = async (dimension: DimensionDefinition, source: string, name: string, call: NamesCall) => {
    const known = JSON.parse((await runQuery({ ...call, sql: `SELECT DISTINCT n.value FROM (${source}) AS n` })).rowsJson) as [
      string,
    ][];
    const values = known.map(([value]) => value);
    const nearest = nearestNames(name, values);
    const hint = nearest.length > 0 ? `Nearest: ${nearest.join(', ')}` : `For example ${values.slice(0, 3).join(', ')}`;
    return notFound(dimension.name, name, hint);
  };

  return async (filters, call) => {
    const given = Object.entries(filters).map(([name, value]) => ({ dimension: dimensionNamed(definition, name), value }));
    return Promise.all(
      given.map(async ({ dimension, value }): Promise<KeyFilter> => {
        const { names } = dimension;
        if (names === 'boolean') return { dimension: dimension.name, keys: [truthOf(dimension.name, value)] };
        const wanted = namesOf(dimension.name, value);
        if (names === 'tenants' || names === 'groups') {
          const keys = wanted.flatMap((name) => tenantsNamed(names, name, dimension.name, call.principal));
          return { dimension: tenantKey(definition), keys: unique(keys.map(({ id }) => id)) };
        }
        return { dimension: dimension.name, keys: unique(await lookUp(dimension, names.sql, wanted, call)) };
      }),
    );
  };
}

export function dimensionNamed({ dimensions }: MetricsDefinition, name: string): DimensionDefinition {
  const found = dimensions.find((dimension) => dimension.name === name);
  if (found !== undefined) return found;
  throw new AppError('invalid_input', `There is no dimension ${JSON.stringify(name.slice(0, longestName))}`, {
    hint: `Dimensions: ${dimensions.map((dimension) => dimension.name).join(', ')}`,
  });
}

/** A group is filtered by its tenants' ids, which indexes know. */
const tenantKey = ({ dimensions }: MetricsDefinition): string => dimensions.find(({ names }) => names === 'tenants')?.name ?? '';

function truthOf(dimension: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new AppError('invalid_input', `filters.${dimension} is true or false`);
}

function namesOf(dimension: string, value: unknown): string[] {
  const names = (Array.isArray(value) ? value : [value]).map((name) => (typeof name === 'string' ? name.trim() : ''));
  if (names.length === 0 || names.length > mostNames) {
    throw new AppError('invalid_input', `filters.${dimension} takes 1 to ${mostNames} names`);
  }
  const bad = names.find((name) => name === '' || name.length > longestName || /[\p{Cc}\p{Surrogate}]/u.test(name));
  if (bad === undefined) return names;
  throw new AppError('invalid_input', `filters.${dimension}: a name has 1 to ${longestName} characters of plain text`);
}

/** By the full name, or by its last words where one tenant alone ends so: `Seattle`. */
function tenantsNamed(names: 'tenants' | 'groups', name: string, dimension: string, { tenants }: Principal): readonly Tenant[] {
  const labelOf = (tenant: Tenant) => (names === 'tenants' ? tenant.name : tenant.group).toLowerCase();
  const wanted = name.toLowerCase();
  const exact = tenants.filter((tenant) => labelOf(tenant) === wanted);
  if (exact.length > 0) return exact;
  const ending = tenants.filter((tenant) => labelOf(tenant).endsWith(` ${wanted}`));
  if (names === 'tenants' && ending.length === 1) return ending;
  const visible = unique(tenants.map((tenant) => (names === 'tenants' ? tenant.name : tenant.group)));
  throw notFound(dimension, name, `You may see: ${visible.slice(0, 20).join(', ')}`);
}

const notFound = (dimension: string, name: string, hint: string) =>
  new AppError('not_found', `There is no ${dimension} called ${JSON.stringify(name)}`, { hint });

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** A literal of standard SQL. The guard reads the statement again, so that what it means here it means there. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
