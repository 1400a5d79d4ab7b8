import type { PersonName, testIssuer } from './people.ts';

/** A browser and a program in front of /dashboard, as far as HTTP shows them. */
export function dashboardClient(product: { readonly url: string }, issuer: Awaited<ReturnType<typeof testIssuer>>) {
  const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    fetch(product.url + path, { ...init, headers, redirect: 'manual' });
  const bearer = async (name: PersonName) => ({ Authorization: `Bearer ${await issuer.tokenOf(name)}` });
  const ownPage = () => ({ Origin: product.url, 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' });
  const logIn = (token: unknown, headers: Record<string, string> = ownPage()) =>
    ask('/dashboard/session', headers, { method: 'POST', body: JSON.stringify({ token }) });
  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const cookieFor = async (name: PersonName, more: Parameters<typeof issuer.tokenOf>[1] = {}) =>
    cookieOf(await logIn(await issuer.tokenOf(name, more)));
  // biome-ignore lint/suspicious/noExplicitAny: answers of every view
  const bodyOf = async (response: Response): Promise<any> => JSON.parse(await response.text());
  return { ask, bearer, ownPage, logIn, cookieOf, cookieFor, bodyOf };
}
