import { isIPv4 } from 'node:net';

/** True for hosts that only this machine can reach: loopback addresses (RFC 1122, RFC 4291) and Unix socket folders. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare === '::1' || bare.startsWith('/')) return true;
  return isIPv4(bare) && bare.startsWith('127.');
}
