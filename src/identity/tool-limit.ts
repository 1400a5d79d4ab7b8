import type { Principal } from '../core/principal.ts';
import { seesEverything, type TakeFrom } from './authenticate.ts';
import type { AccessRules } from './tenant-scope.ts';

export interface ToolLimitOptions {
  /** By the tool's name. A tool that is not here has no limit of its own. */
  readonly tools: Readonly<Record<string, TakeFrom>>;
  readonly rules: Pick<AccessRules, 'callerRoles'>;
  readonly privilegedFactor: number;
}

/** The limit of one tool for one caller, to be asked after the permission. */
export function createToolLimit({ tools, rules, privilegedFactor }: ToolLimitOptions) {
  return async (principal: Principal, tool: string): Promise<void> => {
    if (!Object.hasOwn(tools, tool)) return;
    await tools[tool]?.(principal.subject, seesEverything(principal, rules) ? privilegedFactor : 1);
  };
}
