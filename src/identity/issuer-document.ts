import { AppError } from '../core/errors.ts';

export interface IssuerDocumentOptions {
  /** Production fetches by https alone; otherwise plain http to this very machine is allowed as well. */
  readonly production: boolean;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The address of a document of the issuer. Throws `misconfigured` for one that anybody on the way could answer for. */
export function issuerAddress(address: string, { production }: Pick<IssuerDocumentOptions, 'production'>): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && !production && loopbackNames.has(url.hostname));
  if (url !== undefined && secure && url.username === '' && url.password === '') return url;
  throw new AppError('misconfigured', 'The address of the token issuer’s keys cannot be trusted', {
    hint: 'Give an https:// address without a user name; plain http:// is for the own machine, in development.',
  });
}

/** Fetches one JSON document of the issuer: no redirects, a time limit for the whole, a size limit while it streams in. */
export async function fetchIssuerDocument(url: URL, options: IssuerDocumentOptions): Promise<unknown> {
  const { timeoutMs = 5000, maxBytes = 256 * 1024 } = options;
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    // Whoever could redirect us could give us keys.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`${url.origin} answered with HTTP status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`${url.origin} answered with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
