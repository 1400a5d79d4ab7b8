import type { Principal } from '../core/principal.ts';
import { seesEverything, type TakeFrom } from './authenticate.ts';
import type { AccessRules } from './tenant-scope.ts';

export interface ToolLimitOptions {
  /** What reads tenants' rows costs the database alike, whoever wrote the statement: one budget for all such tools, plug-ins included. */
  readonly tenantRows: TakeFrom;
  /** By the tool's name. One that is not here and reads no tenants' rows has no limit of its own. */
  readonly tools: Readonly<Record<string, TakeFrom>>;
  readonly rules: Pick<AccessRules, 'callerRoles'>;
  readonly privilegedFactor: number;
}

interface LimitedTool {
  readonly name: string;
  readonly needsTenants: boolean;
}

/** The limit of one tool for one caller, to be asked after the permission. */
export function createToolLimit({ tenantRows, tools, rules, privilegedFactor }: ToolLimitOptions) {
  return async (principal: Principal, { name, needsTenants }: LimitedTool): Promise<void> => {
    const take = Object.hasOwn(tools, name) ? tools[name] : needsTenants ? tenantRows : undefined;
    await take?.(principal.subject, seesEverything(principal, rules) ? privilegedFactor : 1);
  };
}
