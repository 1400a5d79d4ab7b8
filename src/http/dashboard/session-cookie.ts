import type { IncomingMessage } from 'node:http';
import { AppError } from '../../core/errors.ts';
import type { SealContext } from '../../vault/envelope.ts';

export interface SessionCookieOptions {
  readonly envelope: {
    seal(plain: string, context: SealContext): string;
    open(sealed: string, context: SealContext): Buffer;
  };
  /** This server's own identifier: another one's cookie does not open here, whatever keys they share. */
  readonly resource: string;
  readonly tls: boolean;
}

/** Browsers keep 4,096 bytes of name and value (RFC 6265, section 6.1). */
const maxValueBytes = 3900;

/**
 * The session of a browser: its token, sealed. Nothing is kept here, so every replica knows it, and on each request the token is
 * verified and its revocation asked as if it had been sent itself. A login always seals anew: what a browser brings along before it
 * (session fixation) never becomes a session.
 */
export function createSessionCookie({ envelope, resource, tls }: SessionCookieOptions) {
  // The prefix makes browsers refuse it from a sister domain or over plain HTTP (RFC 6265bis, section 4.1.3.2).
  const name = tls ? '__Host-dashboard' : 'dashboard';
  const attributes = `; Path=/; HttpOnly; SameSite=Strict${tls ? '; Secure' : ''}`;
  const context: SealContext = { purpose: 'dashboard session', tenant: resource };

  const tokenIn = ({ headers: { cookie = '' } }: IncomingMessage): string | undefined => {
    const sent = cookie.split(';').flatMap((pair) => {
      const [key, ...value] = pair.trim().split('=');
      return key === name ? [value.join('=')] : [];
    });
    if (sent.length === 0) return undefined;
    try {
      // Two of a name: somebody has put a second one beside the browser's own.
      return sent.length === 1 ? envelope.open(sent[0] ?? '', context).toString() : '';
    } catch {
      return '';
    }
  };
  return {
    /** Set-Cookie for a verified token, which ends with it. */
    issue(token: string, nowMs: number): string {
      const value = envelope.seal(token, context);
      if (value.length > maxValueBytes) {
        throw new AppError('invalid_input', 'This token is too long for a cookie', {
          hint: 'Ask the issuer for one with fewer claims, or send it with each request in the Authorization header.',
        });
      }
      const seconds = Math.max(0, Math.floor(expiryOf(token) - nowMs / 1000));
      return `${name}=${value}; Max-Age=${seconds}${attributes}`;
    },
    cleared: `${name}=; Max-Age=0${attributes}`,
    /** Undefined without a cookie. One that does not open is an empty token: refused and counted as any bad token is. */
    tokenIn,
    /** Whose session it is or was; undefined where the cookie is not one of this server's. */
    subjectIn(request: IncomingMessage): string | undefined {
      const token = tokenIn(request);
      return token ? claimsOf(token).sub : undefined;
    },
  };
}
export type SessionCookie = ReturnType<typeof createSessionCookie>;

/** Seconds since 1970, of a token that was verified before. */
function expiryOf(token: string): number {
  return claimsOf(token).exp;
}

function claimsOf(token: string): { readonly exp: number; readonly sub: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
