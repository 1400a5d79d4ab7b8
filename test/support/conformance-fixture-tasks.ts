import { setTimeout as delay } from 'node:timers/promises';
import { fromJsonSchema, type McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { createCallTool } from '../../src/mcp/call-tool.ts';
import { toolCatalog } from '../../src/mcp/catalog.ts';
import { createDirectCall } from '../../src/mcp/direct-call.ts';
import type { ServingScope } from '../../src/mcp/server.ts';
import { createAnswerOrTask } from '../../src/mcp/tasks/answer-or-task.ts';
import { serveTasks } from '../../src/mcp/tasks/serve-tasks.ts';
import { tasksExtension } from '../../src/mcp/tasks/task.ts';
import { createTasks } from '../../src/mcp/tasks/tasks.ts';
import { defineTool, readOnly } from '../../src/mcp/tool.ts';
import { objectAnswer } from '../../src/mcp/tool-result.ts';

const described = { title: 'Fixture', annotations: readOnly, output: z.object({}) };

/** The tools of the scenarios about tasks, as tools of the product: what runs is the product's own way to a task. */
const tools = [
  defineTool({
    ...described,
    name: 'greet',
    description: 'Answers at once',
    input: z.object({ name: z.string() }),
    run: async ({ name }) => objectAnswer({}, `Hello, ${name}!`),
  }),
  defineTool({
    ...described,
    name: 'slow_compute',
    description: 'Takes its time',
    input: z.object({ seconds: z.number(), label: z.string().optional() }),
    run: async ({ seconds }, { signal }) => {
      await delay(seconds * 1000, undefined, { signal }).catch((cause) => {
        throw new AppError('query_timeout', 'The call was cancelled', { cause });
      });
      return objectAnswer({ seconds });
    },
  }),
  defineTool({
    ...described,
    name: 'failing_job',
    description: 'Fails after a while',
    input: z.object({}),
    run: async () => {
      await delay(400);
      throw new AppError('query_failed', 'This job fails');
    },
  }),
  defineTool({
    ...described,
    name: 'confirm_delete',
    description: 'Would ask first, if the product had tools that ask',
    input: z.object({ filename: z.string().optional() }),
    run: async () => objectAnswer({}),
  }),
  defineTool({
    ...described,
    name: 'protocol_error_job',
    description: 'Ends without an answer',
    input: z.object({}),
    run: async () => objectAnswer({}),
  }),
];

export function fixtureTasks() {
  const note = () => {};
  const tasks = createTasks({ clock: systemClock, note, ttlMs: 60_000, maxRunning: 50, maxKept: 500, maxTotal: 500 });
  const callTool = createCallTool({ clock: systemClock, note });
  const directCall = createDirectCall({
    tools: toolCatalog(tools),
    callTool: async (tool, ...rest) => {
      if (tool.name !== 'protocol_error_job') return callTool(tool, ...rest);
      await delay(400);
      throw new Error('No answer');
    },
    serverInfo: { name: 'conformance-fixture', version: '1.0.0' },
    answerOrTask: createAnswerOrTask({ tasks, afterMs: 200 }),
  });
  return {
    directCall,
    serve(mcp: McpServer, { principal, requestId = '', raw, era }: ServingScope): void {
      const { server } = mcp;
      for (const { name, description, inputSchema, answer } of tools) {
        mcp.registerTool(name, { description, inputSchema: fromJsonSchema(inputSchema) }, async (args, { mcpReq }) => {
          const { text } = await answer(args, { principal, requestId, signal: mcpReq.signal });
          return { content: [{ type: 'text', text }] };
        });
      }
      if (era !== 'modern') return;
      server.registerCapabilities({ extensions: { [tasksExtension]: {} } });
      serveTasks(server, { tasks, principal, requestId, raw, note });
    },
    close: tasks.close,
  };
}
