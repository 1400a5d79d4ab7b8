import type { Config } from './schema.ts';

/** Address of a server that listens here; an IPv6 host stands in brackets (RFC 3986, section 3.2.2). */
export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
