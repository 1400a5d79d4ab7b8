import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { ToolText } from '../../core/wording.ts';
import { dayOf, quarterOf, secondOf } from '../calendar.ts';
import { defineTool, readOnly } from '../tool.ts';
import { objectAnswer } from '../tool-result.ts';

export const getCurrentUtcDate = (text: ToolText, clock: Clock) =>
  defineTool({
    name: 'get_current_utc_date',
    title: text.title,
    description: text.description,
    annotations: { ...readOnly, idempotentHint: false },
    input: z.strictObject({}),
    output: z.object({ utc: z.string(), date: z.string(), fiscal_quarter: z.string() }),
    run: async () => {
      const now = new Date(clock.now());
      return objectAnswer({ utc: secondOf(now), date: dayOf(now), fiscal_quarter: quarterOf(now).name });
    },
  });
