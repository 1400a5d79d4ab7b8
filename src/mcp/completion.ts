import type { Clock } from '../core/clock.ts';
import type { Principal } from '../core/principal.ts';
import type { Suggestion, ValueSet } from '../core/wording.ts';
import type { DescribeTables } from '../query/describe-tables.ts';
import { periodsIn } from './calendar.ts';
import type { PromptCatalog } from './prompts/prompt-catalog.ts';
import type { ResourceCatalog } from './resources/resource-catalog.ts';

export interface CompleteOptions {
  readonly prompts: Pick<PromptCatalog, 'suggestions'>;
  readonly resources: Pick<ResourceCatalog, 'suggestions' | 'permits'>;
  readonly describeTables: DescribeTables;
  readonly clock: Clock;
}

/** What an argument belongs to, as the protocol says it. */
export type CompletionTarget =
  | { readonly type: 'ref/prompt'; readonly name: string }
  | { readonly type: 'ref/resource'; readonly uri: string };

export interface Completion {
  readonly values: string[];
  readonly total: number;
  readonly hasMore: boolean;
}

/** The protocol's own limit. */
const maxValues = 100;

/** Offers what an argument may be, by what has been typed of it. All of it lies within what the caller may see anyway. */
export function createComplete({ prompts, resources, describeTables, clock }: CompleteOptions) {
  const valuesOf = async ({ relation, label }: ValueSet, principal: Principal): Promise<readonly string[]> => {
    if (!resources.permits(relation, principal)) return [];
    const [described] = await describeTables([relation], principal);
    return described?.valid_values[label] ?? [];
  };
  const textsOf = async (suggestion: Suggestion, principal: Principal): Promise<readonly string[]> => {
    if (typeof suggestion === 'string') return [suggestion];
    if (suggestion.from === 'tenants') return principal.tenants.map((tenant) => tenant.name);
    if (suggestion.from === 'values') return valuesOf(suggestion.of, principal);
    return periodsIn((await valuesOf(suggestion.years, principal)).map(Number), new Date(clock.now()));
  };

  return async (
    target: CompletionTarget,
    { name, value }: { readonly name: string; readonly value: string },
    principal: Principal,
  ): Promise<Completion> => {
    const known =
      target.type === 'ref/prompt'
        ? (await Promise.all(prompts.suggestions(target.name, name).map((one) => textsOf(one, principal)))).flat()
        : resources.suggestions(target.uri, name, principal);
    const matching = ranked(known, value);
    const values = matching.slice(0, maxValues);
    return { values, total: matching.length, hasMore: matching.length > values.length };
  };
}
export type Complete = ReturnType<typeof createComplete>;

/** Those that begin with it come before those that have it inside. */
function ranked(known: readonly string[], typed: string): readonly string[] {
  const wanted = typed.trim().toLowerCase();
  const begins = (text: string) => text.toLowerCase().startsWith(wanted);
  const matching = known.filter((text) => text.toLowerCase().includes(wanted));
  return [...matching.filter(begins), ...matching.filter((text) => !begins(text))];
}
