import { modernMeta, type Params, postModern, type RawRequest } from '../../support/raw-mcp.ts';

export const tasksMeta = {
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

/** As a client that takes tasks; `declares: false` for one that does not. */
export function asker(url: string, options: RawRequest = {}, declares = true) {
  const send = async (method: string, params: Params, changes: RawRequest = {}) => {
    const response = await postModern(
      url,
      method,
      { ...params, _meta: declares ? tasksMeta : modernMeta },
      { ...options, ...changes },
    );
    return { status: response.status, response, wire: await response.text() };
  };
  // biome-ignore lint/suspicious/noExplicitAny: answers of every method
  const ask = async (method: string, params: Params, changes?: RawRequest): Promise<Awaited<ReturnType<typeof send>> & any> => {
    const sent = await send(method, params, changes);
    return { ...sent, ...JSON.parse(sent.wire) };
  };
  return {
    ask,
    call: (sql: string) => ask('tools/call', { name: 'execute_sales_query', arguments: { postgresql_query: sql } }),
    get: (taskId: string) => ask('tasks/get', { taskId }),
    cancel: (taskId: string) => ask('tasks/cancel', { taskId }),
    update: (taskId: string) => ask('tasks/update', { taskId, inputResponses: {} }),
  };
}
