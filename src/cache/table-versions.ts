import type { Clock } from '../core/clock.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';

export interface TableVersionsOptions {
  readonly definition: SchemaDefinition;
  readonly clock: Clock;
  /** Told after it is known. */
  readonly onChange?: (table: string) => void;
}

interface Changes {
  count: number;
  lastAt: number;
}

/**
 * What this process knows of the tables' versions. It learns of a change after its commit, so what it knew before a query began
 * is never newer than what the query saw: an answer stamped with that is, at worst, thrown away too early.
 * It knows nothing at first, and nothing while its source (`table-listener.ts`) is away.
 */
export function createTableVersions({ definition, clock, onChange }: TableVersionsOptions) {
  const closures = new Map(definition.relations.map(({ name }) => [name, closureOf(definition, name)]));
  let known: Map<string, string> | undefined;
  let trusted = false;
  const changes = new Map<string, Changes>();
  const watchedSince = clock.monotonic();

  const noteChange = (table: string) => {
    const seen = changes.get(table);
    changes.set(table, { count: (seen?.count ?? 0) + 1, lastAt: clock.monotonic() });
    onChange?.(table);
  };
  const tablesOf = (relations: readonly string[]): ReadonlySet<string> => {
    const [only] = relations;
    if (relations.length === 1 && only !== undefined) return closures.get(only) ?? new Set(relations);
    return new Set(relations.flatMap((relation) => [...(closures.get(relation) ?? [relation])]));
  };
  const stampOf = (relations: readonly string[]): string | undefined => {
    const pairs: [string, string][] = [];
    for (const table of tablesOf(relations)) {
      const version = known?.get(table);
      // Nobody would tell when a table without a version changes.
      if (version === undefined) return undefined;
      pairs.push([table, version]);
    }
    return JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  };

  return {
    /** All versions, read in one go: from now on they are trusted. */
    replaceAll(versions: ReadonlyMap<string, string>): void {
      const changed = [...versions].filter(([table, version]) => (known?.get(table) ?? version) !== version);
      known = new Map(versions);
      trusted = true;
      for (const [table] of changed) noteChange(table);
    },
    changed(table: string, version: string): void {
      if (known === undefined || known.get(table) === version) return;
      known.set(table, version);
      noteChange(table);
    },
    /** The source is away: changes can go unheard. */
    lost(): void {
      trusted = false;
    },
    trusted: () => trusted,
    /** Of these relations and all that their policies read, right now; undefined = unknown, and nothing may be answered from the cache. */
    stamp: (relations: readonly string[]): string | undefined => (trusted ? stampOf(relations) : undefined),
    /** The same as it was last known. */
    lastStamp: stampOf,
    /** Mean time between changes of any of these, as seen by this process; of what never changed, the time watched. */
    meanQuietMs(relations: readonly string[]): number {
      let most = 0;
      for (const table of tablesOf(relations)) most = Math.max(most, changes.get(table)?.count ?? 0);
      return (clock.monotonic() - watchedSince) / Math.max(1, most);
    },
    /** Time since the latest change of any of these. */
    quietMs(relations: readonly string[]): number {
      let lastAt = watchedSince;
      for (const table of tablesOf(relations)) lastAt = Math.max(lastAt, changes.get(table)?.lastAt ?? watchedSince);
      return clock.monotonic() - lastAt;
    },
  };
}

export type TableVersions = ReturnType<typeof createTableVersions>;

/** A relation, those that its policies read, those that theirs read, and so on. */
function closureOf({ relations }: SchemaDefinition, name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    pending.push(...(relations.find((relation) => relation.name === next)?.policyReads ?? []));
  }
  return found;
}
