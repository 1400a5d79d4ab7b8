import { AppError } from '../core/errors.ts';

export interface HandshakeOptions {
  /** Of the MCP endpoint, for example `http://127.0.0.1:8000/mcp`. */
  readonly url: string;
  /** Without one the server's demand for a token is the answer that counts. */
  readonly token?: string;
  readonly signal: AbortSignal;
}

const client = { name: 'doctor', version: '1' };
const legacyVersion = '2025-11-25';
const modernVersion = '2026-07-28';

/**
 * Speaks to a running server as the clients of both protocol eras do, with the headers that streamable HTTP demands:
 * https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
 */
export async function shakeHands(options: HandshakeOptions): Promise<string> {
  const legacy = await legacyEra(options);
  const modern = await modernEra(options);
  return `${legacyVersion}: ${legacy}; ${modernVersion}: ${modern}`;
}

async function legacyEra(options: HandshakeOptions): Promise<string> {
  const params = { protocolVersion: legacyVersion, capabilities: {}, clientInfo: client };
  const greeting = await post(options, legacyVersion, 'initialize', params);
  if (greeting === 'token wanted') return 'asks for a token';
  if (greeting.protocolVersion !== legacyVersion) throw broken(legacyVersion, 'initialize', 'agreed on another revision');
  const headers = { 'MCP-Protocol-Version': legacyVersion };
  const list = await post(options, legacyVersion, 'tools/list', {}, headers);
  return countTools(legacyVersion, list);
}

async function modernEra(options: HandshakeOptions): Promise<string> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': modernVersion,
    'io.modelcontextprotocol/clientInfo': client,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const ask = (method: string) =>
    post(options, modernVersion, method, { _meta }, { 'MCP-Protocol-Version': modernVersion, 'Mcp-Method': method });
  const discovered = await ask('server/discover');
  if (discovered === 'token wanted') return 'asks for a token';
  const { supportedVersions } = discovered;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernVersion))
    throw broken(modernVersion, 'server/discover', 'does not list the revision');
  return countTools(modernVersion, await ask('tools/list'));
}

type Result = Readonly<Record<string, unknown>>;

function countTools(era: string, list: Result | 'token wanted'): string {
  if (list === 'token wanted' || !Array.isArray(list.tools)) throw broken(era, 'tools/list', 'gave no tools');
  return `${list.tools.length} tools`;
}

async function post(
  { url, token, signal }: HandshakeOptions,
  era: string,
  method: string,
  params: Result,
  headers: Record<string, string> = {},
): Promise<Result | 'token wanted'> {
  const response = await fetch(url, {
    method: 'POST',
    signal,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  }).catch((error: unknown) => {
    throw new AppError('dependency_unavailable', `${url} does not answer`, {
      hint: 'Start the server: zava-mcp-server serve --transport http',
      cause: error,
    });
  });
  const text = await response.text();
  const challenge = response.headers.get('www-authenticate') ?? '';
  if (response.status === 401 && token === undefined && /^Bearer\b.*resource_metadata=/i.test(challenge)) return 'token wanted';
  if (!response.ok) throw broken(era, method, `answered with HTTP ${response.status}`);
  const result = parse(text, response.headers.get('content-type') ?? '');
  if (result === undefined) throw broken(era, method, 'gave no result');
  return result;
}

/** A server of the older revisions may answer in one event of a stream. */
function parse(text: string, contentType: string): Result | undefined {
  const body = contentType.includes('event-stream') ? (/^data: ?(\{.*)$/m.exec(text)?.[1] ?? '') : text;
  try {
    const { result } = JSON.parse(body) as { result?: Result };
    return typeof result === 'object' && result !== null ? result : undefined;
  } catch {
    return undefined;
  }
}

function broken(era: string, method: string, what: string): AppError {
  return new AppError('dependency_unavailable', `Revision ${era}: ${method} ${what}`, {
    hint: 'Look for the request in the server’s log; check the token, PUBLIC_URL and ALLOWED_HOSTS, and any proxy between.',
  });
}
