import type { IncomingHttpHeaders } from 'node:http';
import { LRUCache } from 'lru-cache';
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

/** Of a domain name (RFC 1035, section 2.3.4) and a port. */
const maxHostLength = 253 + 6;

/** A name or address and perhaps a port. What URL parsers also forgive (userinfo, %-escapes, tabs, `#`) no client sends. */
const hostShape = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Against DNS rebinding: a browser lured to a foreign name that resolves here still sends the foreign Host and Origin. */
export function createHostGuard({ allowedHosts, allowedOrigins, loopback }: HostGuardOptions) {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const listed = originList(allowedOrigins);

  /** The same few names come with every request. */
  const known = new LRUCache<string, boolean>({ max: 100 });
  const judgeHost = (host: string): boolean => {
    const url = hostShape.test(host) ? parsed(`http://${host}`) : undefined;
    if (url === undefined) return false;
    return (loopback && loopbackNames.has(url.hostname)) || hosts.has(url.hostname) || hosts.has(url.host);
  };
  const hostAllowed = (host: string | undefined): boolean => {
    if (host === undefined || host.length > maxHostLength) return false;
    const verdict = known.get(host);
    if (verdict !== undefined) return verdict;
    const judged = judgeHost(host);
    known.set(host, judged);
    return judged;
  };
  const originAllowed = (origin: string): boolean => listed(origin) || (loopback && isLoopbackOrigin(origin));

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

/** Whether an Origin header names one of these origins. */
export function originList(origins: readonly string[]): (sent: string) => boolean {
  const listed = new Set(origins.map((origin) => originOf(new URL(origin))));
  return (sent) => isOrigin(sent) && listed.has(sent.toLowerCase());
}

function isLoopbackOrigin(sent: string): boolean {
  return isOrigin(sent) && /^https?:/i.test(sent) && loopbackNames.has(new URL(sent).hostname);
}

/** An origin as browsers write it (RFC 6454, section 6.2): no path, no userinfo, no default port, and never the word null. */
function isOrigin(sent: string): boolean {
  const url = parsed(sent);
  return url !== undefined && originOf(url) === sent.toLowerCase();
}

/** Scheme, host and port. `URL.origin` is the word null for every scheme of an extension, so one would open the door to all. */
const originOf = ({ protocol, host }: URL): string => `${protocol}//${host}`;

function parsed(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
