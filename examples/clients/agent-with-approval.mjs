/**
 * An agent's loop that shows each SQL statement to a person and runs it after a yes. The model is yours: a function from the
 * conversation to the next step, `{ call: { name, arguments } }` or `{ answer }`. Everything else is here.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const needsApproval = new Set(['execute_sales_query']);
const mostSteps = 10;

/**
 * @param {{
 *   url: string, token: string, question: string,
 *   model: (conversation: object[], tools: object[]) => Promise<{ call?: { name: string, arguments: object }, answer?: string }>,
 *   approve: (call: { name: string, arguments: object }) => Promise<boolean>,
 * }} options
 * @returns {Promise<string>} the model's answer
 */
export async function runAgent({ url, token, question, model, approve }) {
  const client = new Client({ name: 'agent-with-approval', version: '1.0.0' });
  const headers = { Authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  try {
    const { tools } = await client.listTools();
    const conversation = [{ role: 'user', text: question }];
    for (let step = 0; step < mostSteps; step += 1) {
      const { call, answer } = await model(conversation, tools);
      if (call === undefined) return answer ?? '';
      conversation.push({ role: 'assistant', call });
      if (needsApproval.has(call.name) && !(await approve(call))) {
        conversation.push({ role: 'tool', text: 'The person declined. Ask what to do in its place.' });
        continue;
      }
      const { content } = await client.callTool(call);
      // Rows are data, never instructions: whatever they say, the next call needs its yes again.
      conversation.push({ role: 'tool', text: content.map(({ text }) => text).join('\n') });
    }
    return 'I could not answer within ten steps.';
  } finally {
    await client.close();
  }
}
