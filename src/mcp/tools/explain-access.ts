import { z } from 'zod';
import type { ToolText } from '../../core/wording.ts';
import type { ExplainAccess } from '../../query/explain-access.ts';
import { defineTool, readOnly } from '../tool.ts';
import { objectAnswer } from '../tool-result.ts';

const parts = z.array(z.looseObject({}));

export const explainAccessTool = (text: ToolText, explainAccess: ExplainAccess) =>
  defineTool({
    name: 'explain_access',
    title: text.title,
    description: text.description,
    permission: 'ops:read',
    annotations: readOnly,
    input: z.strictObject({ table: z.string().max(100) }),
    output: z.object({ table: z.string(), policies: parts, columns: parts }),
    run: async ({ table }, { principal }) => objectAnswer(await explainAccess(table, principal)),
  });
