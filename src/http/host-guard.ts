import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../core/errors.ts';

export interface HostGuardOptions {
  /** `name` allows every port, `name:port` just that one. */
  readonly allowedHosts: readonly string[];
  /** Whole origins, such as `https://console.example.com`. */
  readonly allowedOrigins: readonly string[];
  /** On a loopback bind the loopback names are allowed, on any port. */
  readonly loopback: boolean;
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Against DNS rebinding: a browser lured to a foreign name that resolves here still sends the foreign Host and Origin. */
export function createHostGuard({ allowedHosts, allowedOrigins, loopback }: HostGuardOptions) {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins.map((origin) => originOf(new URL(origin))));

  const hostAllowed = (host: string | undefined): boolean => {
    const url = host === undefined ? undefined : parsed(`http://${host}`);
    if (url === undefined || `${url.pathname}${url.search}${url.username}` !== '/') return false;
    return (loopback && loopbackNames.has(url.hostname)) || hosts.has(url.hostname) || hosts.has(url.host);
  };
  const originAllowed = (origin: string): boolean => {
    const url = parsed(origin);
    if (url === undefined) return false;
    const web = url.protocol === 'http:' || url.protocol === 'https:';
    return origins.has(originOf(url)) || (loopback && web && loopbackNames.has(url.hostname));
  };

  return ({ host, origin }: IncomingHttpHeaders): void => {
    if (!hostAllowed(host)) {
      throw new AppError('forbidden', 'This Host is not served here', { hint: 'Add the name to ALLOWED_HOSTS if it is yours.' });
    }
    if (origin !== undefined && !originAllowed(origin)) {
      throw new AppError('forbidden', 'This Origin is not allowed', { hint: 'Add it to ALLOWED_ORIGINS if it is yours.' });
    }
  };
}
export type HostGuard = ReturnType<typeof createHostGuard>;

/** Scheme, host and port. `URL.origin` is the word null for every scheme of an extension, so one would open the door to all. */
const originOf = ({ protocol, host }: URL): string => `${protocol}//${host}`;

function parsed(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
