import { findRoleFaults, findTenantRelationFaults, type Installation } from '../postgres/privilege-check.ts';
import type { CatalogFacts } from './catalog.ts';
import { type Finding, fault } from './finding.ts';
import { findFunctionFaults } from './function-rules.ts';
import { findGrantFaults } from './grant-rules.ts';
import { findPolicyFaults } from './policy-rules.ts';
import { findStructureFaults } from './structure-rules.ts';
import { findSurroundingFaults } from './surroundings-rules.ts';

export interface InspectOptions {
  readonly installation: Installation;
  readonly embedded: boolean;
  /** See `FunctionRuleOptions`. */
  readonly migrationsText?: string;
}

/** Every rule over what the catalogue said; nothing is asked again. */
export function inspect(facts: CatalogFacts, options: InspectOptions): Finding[] {
  const { installation } = options;
  const basic = [
    ...findRoleFaults(installation, facts.roles),
    ...findTenantRelationFaults(installation, facts.tenantRelations),
  ].map(({ id, where, what, remedy }) => fault(id, where, what, remedy));
  return [
    ...basic,
    ...findPolicyFaults(facts, installation),
    ...findGrantFaults(facts, installation),
    ...findFunctionFaults(facts, options),
    ...findStructureFaults(facts, installation),
    ...findSurroundingFaults(facts, options),
  ];
}
