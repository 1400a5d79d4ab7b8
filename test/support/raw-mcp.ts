/** Bare requests, for what official clients would never send and for bytes that they would parse away. */
export const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

export interface RawRequest {
  token?: string;
  headers?: Record<string, string>;
  method?: string;
  signal?: AbortSignal;
}

const accept = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

export function postRaw(
  url: string,
  body: string,
  { token = 'manager', headers = {}, method = 'POST', signal }: RawRequest = {},
) {
  const authorization: Record<string, string> = token === '' ? {} : { Authorization: `Bearer ${token}` };
  return fetch(url, {
    method,
    headers: { ...accept, ...authorization, ...headers },
    ...(method === 'POST' && { body }),
    ...(signal && { signal }),
  });
}

export type Params = Record<string, unknown>;

export function postLegacy(url: string, method: string, params: Params, options?: RawRequest) {
  return postRaw(url, JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }), options);
}

export function postModern(url: string, method: string, params: Params, options: RawRequest = {}) {
  const name = params.name ?? params.uri ?? params.taskId;
  const headers: Record<string, string> = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method };
  if (typeof name === 'string') headers['Mcp-Name'] = name;
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method,
    params: { ...params, _meta: { ...modernMeta, ...(params._meta ?? {}) } },
  });
  return postRaw(url, body, { ...options, headers: { ...headers, ...options.headers } });
}

export const post = { '2026-07-28': postModern, '2025-11-25': postLegacy } as const;

// biome-ignore lint/suspicious/noExplicitAny: answers of every method
export const answerOf = async (response: Response): Promise<any> => response.json();
