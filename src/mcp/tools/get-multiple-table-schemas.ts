import { z } from 'zod';
import type { ToolText } from '../../core/wording.ts';
import type { DescribeTables, TableDescription } from '../../query/describe-tables.ts';
import { tableMarkdown } from '../table-markdown.ts';
import { defineTool, readOnly } from '../tool.ts';
import { objectAnswer, type ToolAnswer } from '../tool-result.ts';

const names = z.array(z.string());

export const getMultipleTableSchemas = (text: ToolText, describeTables: DescribeTables) => {
  /** Descriptions as they were written out before. */
  const written = new WeakMap<readonly TableDescription[], ToolAnswer>();
  return defineTool({
    name: 'get_multiple_table_schemas',
    title: text.title,
    description: text.description,
    permission: 'catalog:read',
    annotations: readOnly,
    input: z.strictObject({
      table_names: names
        .min(1)
        .max(20)
        .describe(text.arguments.table_names ?? ''),
    }),
    output: z.object({ tables: z.array(z.looseObject({ name: z.string() })) }),
    run: async ({ table_names }, { principal }) => {
      const tables = await describeTables(table_names, principal);
      const known = written.get(tables);
      if (known !== undefined) return known;
      const answer: ToolAnswer = { ...objectAnswer({ tables }, tables.map(tableMarkdown).join('\n\n')), reused: true };
      written.set(tables, answer);
      return answer;
    },
  });
};
