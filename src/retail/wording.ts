import type { Wording } from '../core/wording.ts';
import { retailInstructions } from './instructions.ts';
import { retailPrompts } from './prompts.ts';
import { retailToolTexts } from './tool-texts.ts';

/** All that callers read about the retail schema. */
export const retailWording: Wording = {
  instructions: retailInstructions,
  toolTexts: retailToolTexts,
  prompts: retailPrompts,
  resources: { scheme: 'zava', tenants: 'stores', tenantLabel: 'store_name', groupLabel: 'region_name' },
};
