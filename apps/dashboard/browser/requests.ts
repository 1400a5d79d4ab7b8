/** A refusal in the words of the server. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, body: unknown) {
    const { message = 'The server did not answer as expected', hint } = (body ?? {}) as { message?: string; hint?: string };
    super(hint === undefined ? message : `${message}. ${hint}`);
    this.status = status;
  }
}

/** Asks a path of this server. The session's cookie goes along by itself. Rejects with a `Refusal`. */
export async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
  const text = await response.text();
  const body: unknown = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : undefined;
  if (!response.ok) throw new Refusal(response.status, body);
  return body;
}
