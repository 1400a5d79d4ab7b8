/** The revision of MCP Apps that this page speaks: https://modelcontextprotocol.io/extensions/apps */
const protocolVersion = '2026-01-26';

export interface HostContext {
  readonly theme?: string;
  readonly locale?: string;
  readonly styles?: { readonly variables?: Readonly<Record<string, string | undefined>> };
}

export interface ToolResult {
  readonly isError?: boolean;
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: unknown;
}

export interface HostEvents {
  onContext(context: HostContext): void;
  onToolResult(result: ToolResult): void;
}

interface Message {
  readonly jsonrpc: '2.0';
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: number; readonly message?: string };
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
  readonly late: ReturnType<typeof setTimeout>;
}

const callTimeoutMs = 60_000;

/**
 * JSON-RPC with the host around the frame. Nothing but its messages is listened to, and it alone is spoken to: the page of a sandbox
 * has no origin that could be named, so the window is what counts.
 */
export function connectHost(host: Window, { onContext, onToolResult }: HostEvents) {
  const waiting = new Map<unknown, Waiting>();
  let lastId = 0;
  const send = (message: Omit<Message, 'jsonrpc'>) => host.postMessage({ jsonrpc: '2.0', ...message }, '*');
  const request = (method: string, params: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      lastId += 1;
      const id = lastId;
      const late = setTimeout(() => settle(id)?.reject(new Error('The host did not answer in time.')), callTimeoutMs);
      waiting.set(id, { resolve, reject, late });
      send({ id, method, params });
    });
  const settle = (id: unknown) => {
    const found = waiting.get(id);
    clearTimeout(found?.late);
    waiting.delete(id);
    return found;
  };
  const answer = (id: number | string, method: string) => {
    const known = method === 'ping' || method === 'ui/resource-teardown';
    send(known ? { id, result: {} } : { id, error: { code: -32601, message: 'Method not found' } });
  };

  window.addEventListener('message', ({ source, data }: MessageEvent<Message | undefined>) => {
    if (source !== host || data?.jsonrpc !== '2.0') return;
    const { id, method, params } = data;
    if (method === undefined) {
      const settled = settle(id);
      if (data.error === undefined) settled?.resolve(data.result);
      else settled?.reject(new Error(data.error.message ?? 'The host refused.'));
    } else if (id !== undefined) answer(id, method);
    else if (method === 'ui/notifications/tool-result') onToolResult(params as ToolResult);
    else if (method === 'ui/notifications/host-context-changed') onContext(params as HostContext);
  });

  return {
    async open(name: string): Promise<void> {
      const appInfo = { name, version: '1' };
      const result = await request('ui/initialize', { appInfo, appCapabilities: {}, protocolVersion });
      onContext((result as { hostContext?: HostContext }).hostContext ?? {});
      send({ method: 'ui/notifications/initialized', params: {} });
    },
    callTool: (name: string, args: object) => request('tools/call', { name, arguments: args }) as Promise<ToolResult>,
    tellSize(width: number, height: number): void {
      send({ method: 'ui/notifications/size-changed', params: { width, height } });
    },
  };
}
