import type { IncomingMessage } from 'node:http';
import { AppError } from '../../core/errors.ts';

export interface SameOriginOptions {
  /** The address that browsers use, where one is configured. */
  readonly publicUrl: string | undefined;
  readonly tls: boolean;
}

/**
 * Against forged requests from other pages, beside SameSite=Strict, which lets pages of sister domains through. Throws `forbidden`.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function createSameOrigin({ publicUrl, tls }: SameOriginOptions) {
  const ownPublic = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  const isOwn = (origin: string, host: string | undefined) =>
    origin === ownPublic || origin === `${tls ? 'https' : 'http'}://${host}`;
  const refused = () =>
    new AppError('forbidden', 'This request does not come from the dashboard’s own page', {
      hint: 'Open /dashboard and use it there.',
    });

  return {
    /** For what changes the session: a browser says where such a request comes from, and nobody else sends it. */
    ofChange({ headers }: IncomingMessage): void {
      const site = headers['sec-fetch-site'];
      if (headers.origin === undefined || !isOwn(headers.origin, headers.host)) throw refused();
      if (site !== undefined && site !== 'same-origin') throw refused();
    },
    /** For reading with a cookie: from the page itself, or typed into the address bar. */
    ofReading({ headers }: IncomingMessage): void {
      const site = headers['sec-fetch-site'];
      if (site !== undefined && site !== 'same-origin' && site !== 'none') throw refused();
    },
  };
}
export type SameOrigin = ReturnType<typeof createSameOrigin>;
