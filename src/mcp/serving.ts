import { InMemoryServerEventBus } from '@modelcontextprotocol/server';
import type { CallUsages } from '../core/call-usage.ts';
import type { Note } from '../core/observation.ts';
import type { Principal } from '../core/principal.ts';
import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Wording } from '../core/wording.ts';
import type { OnTableChange } from '../query/describe-tables.ts';
import { type AdmitCall, type AdmitCallOptions, createAdmitCall } from './admit-call.ts';
import { createCallTool } from './call-tool.ts';
import { createToolCatalog, type ToolCatalogOptions } from './catalog.ts';
import { createComplete } from './completion.ts';
import { createDirectCall } from './direct-call.ts';
import { serverInstructions } from './instructions.ts';
import { createPromptCatalog } from './prompts/prompt-catalog.ts';
import { createResourceCatalog } from './resources/resource-catalog.ts';
import { createMcpServerFactory, guardedThing } from './server.ts';
import { createStdioServer, type StdioServer, type StdioStreams } from './stdio.ts';
import { createStreamableHttp, type StreamableHttp } from './streamable-http.ts';
import { type ChangeNoticesOptions, createChangeNotices } from './subscriptions/change-notices.ts';
import { createListen, type ListenOptions } from './subscriptions/listen.ts';
import type { StreamLimits } from './subscriptions/open-streams.ts';
import { type AnswerOrTaskOptions, createAnswerOrTask } from './tasks/answer-or-task.ts';
import { createTasks, type TasksOptions } from './tasks/tasks.ts';
import type { ToolCall } from './tool.ts';
import type { ToolAnswer } from './tool-result.ts';

export interface McpServingOptions extends AdmitCallOptions, Omit<ToolCatalogOptions, 'wording'> {
  readonly serverName: string;
  readonly version: string;
  readonly definition: SchemaDefinition;
  readonly wording: Wording;
  readonly note: Note;
  /** Absent: what calls cost is not counted. */
  readonly usages?: CallUsages | undefined;
  /** False sends every call through the SDK: the answers must be the same, and tests compare them. */
  readonly directCalls?: boolean;
  /** Absent: no stream tells of changes. */
  readonly subscriptions?: SubscriptionOptions;
  /** Absent: no call becomes a task. */
  readonly tasks?: Omit<TasksOptions, 'clock' | 'note'> & Pick<AnswerOrTaskOptions, 'afterMs'>;
  readonly progressEveryMs?: number;
  readonly tellsArguments?: boolean;
}

interface SubscriptionOptions extends StreamLimits, Pick<ListenOptions, 'checkMs'>, Pick<ChangeNoticesOptions, 'everyMs'> {
  readonly onTableChange?: OnTableChange | undefined;
  readonly heartbeatMs?: number;
  /** The tables whose description a change of this one may alter. */
  readonly describedBy: (table: string) => readonly string[];
}

export interface McpServing {
  readonly toolCount: number;
  /** Decides whether a call may start; throws what refuses it. */
  readonly admit: AdmitCall;
  /** A tool's answer for a page of this server's own: admitted, run and recorded as a call over MCP is. */
  answer(name: string, rawArguments: unknown, call: ToolCall): Promise<ToolAnswer>;
  /** One endpoint for all clients and protocol revisions. */
  http(): StreamableHttp;
  /** One client, one principal, over this process's streams unless others are given. */
  stdio(principal: Principal, streams?: StdioStreams): StdioServer;
}

/** Everything MCP, behind whichever transport. Made once a process; each request or connection gets its own protocol object. */
export function createMcpServing(options: McpServingOptions): McpServing {
  const { serverName, version, definition, wording, describeTables, clock, note, directCalls = true } = options;
  const tools = createToolCatalog(options);
  const prompts = createPromptCatalog(wording.prompts);
  const resources = createResourceCatalog({ wording: wording.resources, definition, describeTables, clock });
  const admit = createAdmitCall(options);
  const callTool = createCallTool(options);
  const tasks = options.tasks && createTasks({ ...options.tasks, clock, note });
  const answerOrTask = tasks && createAnswerOrTask({ tasks, ...options.tasks });
  const createServer = createMcpServerFactory({
    name: serverName,
    version,
    instructions: serverInstructions(wording),
    tools,
    prompts,
    resources,
    complete: createComplete({ prompts, resources, describeTables, clock }),
    callTool,
    admit,
    clock,
    note,
    tasks,
    tellsChanges: options.subscriptions !== undefined,
  });
  const serverInfo = { name: serverName, version };
  const directCall = directCalls ? createDirectCall({ tools, callTool, serverInfo, answerOrTask }) : undefined;
  const { subscriptions } = options;
  const listen = subscriptions && createListen({ ...subscriptions, serverInfo, mayRead: resources.mayRead });
  const bus = new InMemoryServerEventBus((error) => note({ kind: 'fault_met', where: 'subscriptions', error }));
  const notices = createChangeNotices({
    ...subscriptions,
    urisOf: (table) => resources.urisOf(subscriptions?.describedBy(table) ?? []),
    tell: (uri) => bus.publish({ kind: 'resource_updated', uri }),
    clock,
  });
  subscriptions?.onTableChange?.(notices.tableChanged);
  return {
    toolCount: tools.size,
    admit,
    async answer(name, rawArguments, call) {
      const tool = tools.find(name);
      if (tool === undefined) throw new Error(`there is no tool ${name}`);
      await admit(call.principal, tool);
      return callTool(tool, rawArguments, call);
    },
    http: () =>
      createStreamableHttp({
        createServer,
        admit,
        ...(directCall && { directCall }),
        guardedThing: guardedThing({ tools, resources }),
        listen,
        bus,
        heartbeatMs: subscriptions?.heartbeatMs,
        onClose: async () => {
          notices.close();
          await tasks?.close();
        },
        note,
      }),
    stdio: (principal, streams) => createStdioServer({ createServer, principal, note, ...(streams && { streams }) }),
  };
}
