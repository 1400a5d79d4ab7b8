import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

/** The part of the conformance fixture that asks the client back (revision 2026-07-28, `input_required`). */
const none = z.object({});
const text = (value: string) => ({ type: 'text', text: value }) as const;
const says = (value: string): CallToolResult => ({ content: [text(value)] });

const requestState = createRequestStateCodec<string>({ key: 'only for the conformance suite, nothing depends on it' });

const asks = (name: string, message: string, shape: z.ZodObject) => ({
  [name]: inputRequired.elicit({ message, requestedSchema: shape }),
});
const nameAsked = z.object({ name: z.string() });
const sampling = (question: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(question) }], maxTokens });

export const verifyRequestState = requestState.verify;

const declared = ({ envelope }: ServerContext['mcpReq']): ClientCapabilities =>
  (envelope as Record<string, ClientCapabilities> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ?? {};

type Asked = Promise<CallToolResult | InputRequiredResult>;

export function addAskingTools(server: McpServer): void {
  const tool = (name: string, answer: (context: ServerContext) => Asked) =>
    server.registerTool(name, { description: `Answers the scenario ${name}`, inputSchema: none }, (_args, context) =>
      answer(context),
    );

  tool('test_input_required_result_elicitation', async ({ mcpReq }) => {
    const given = acceptedContent(mcpReq.inputResponses, 'user_name', nameAsked);
    if (given !== undefined) return says(`Hello, ${given.name}!`);
    return inputRequired({ inputRequests: asks('user_name', 'What is your name?', nameAsked) });
  });
  tool('test_input_required_result_sampling', async ({ mcpReq }) => {
    if (inputResponse(mcpReq.inputResponses, 'capital_question').kind !== 'missing') {
      return says(JSON.stringify(mcpReq.inputResponses));
    }
    return inputRequired({ inputRequests: { capital_question: sampling('What is the capital of France?', 100) } });
  });
  tool('test_input_required_result_list_roots', async ({ mcpReq }) => {
    if (inputResponse(mcpReq.inputResponses, 'client_roots').kind !== 'missing')
      return says(JSON.stringify(mcpReq.inputResponses));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirmed = z.object({ ok: z.boolean() });
  for (const name of ['request_state', 'tampered_state']) {
    tool(`test_input_required_result_${name}`, async ({ mcpReq }) => {
      if (mcpReq.requestState<string>() === 'asked' && acceptedContent(mcpReq.inputResponses, 'confirm', confirmed)) {
        return says('state-ok');
      }
      const inputRequests = asks('confirm', 'Please confirm', confirmed);
      return inputRequired({ inputRequests, requestState: await requestState.mint('asked') });
    });
  }
  tool('test_input_required_result_multiple_inputs', async ({ mcpReq }) => {
    const answered = ['user_name', 'greeting', 'client_roots'].every(
      (key) => inputResponse(mcpReq.inputResponses, key).kind !== 'missing',
    );
    if (answered && mcpReq.requestState<string>() === 'asked') return says('all received');
    const inputRequests = {
      ...asks('user_name', 'What is your name?', nameAsked),
      greeting: sampling('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    };
    return inputRequired({ inputRequests, requestState: await requestState.mint('asked') });
  });
  tool('test_input_required_result_multi_round', async ({ mcpReq }) => {
    const color = z.object({ color: z.string() });
    const state = mcpReq.requestState<string>();
    if (state === 'step 2' && acceptedContent(mcpReq.inputResponses, 'step2', color)) return says('both steps done');
    if (state === 'step 1' && acceptedContent(mcpReq.inputResponses, 'step1', nameAsked)) {
      const inputRequests = asks('step2', 'Step 2: What is your favorite color?', color);
      return inputRequired({ inputRequests, requestState: await requestState.mint('step 2') });
    }
    const inputRequests = asks('step1', 'Step 1: What is your name?', nameAsked);
    return inputRequired({ inputRequests, requestState: await requestState.mint('step 1') });
  });
  tool('test_input_required_result_capabilities', async ({ mcpReq }) => {
    const can = declared(mcpReq);
    return inputRequired({
      inputRequests: {
        ...(can.sampling && { capital_question: sampling('What is the capital of France?', 100) }),
        ...(can.elicitation && asks('user_name', 'What is your name?', nameAsked)),
      },
    });
  });
  tool('test_streaming_elicitation', async () =>
    inputRequired({ inputRequests: asks('user_name', 'What is your name?', nameAsked) }),
  );
  // The library answers -32021 by itself when the client has not declared what the request needs.
  tool('test_missing_capability', async () => inputRequired({ inputRequests: { question: sampling('Anything?', 10) } }));
}

export function addAskingPrompt(server: McpServer): void {
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, async ({ mcpReq }) => {
    const shape = z.object({ context: z.string() });
    const given = acceptedContent(mcpReq.inputResponses, 'user_context', shape);
    if (given === undefined)
      return inputRequired({ inputRequests: asks('user_context', 'What context should the prompt use?', shape) });
    return { messages: [{ role: 'user', content: text(given.context) }] };
  });
}
