import { isIP, isIPv6 } from 'node:net';

/**
 * Who is calling, behind `trustedHops` proxies of ours. Each of them appended the address it saw to X-Forwarded-For, so the
 * entry that counts is that many places from the right; whatever stands left of it the caller may have made up.
 */
export function clientAddress(socketAddress: string, forwardedFor: string | undefined, trustedHops: number): string {
  const entries = trustedHops === 0 || forwardedFor === undefined ? [] : forwardedFor.split(',');
  let client = plainAddress(socketAddress) ?? socketAddress;
  for (const entry of entries.reverse().slice(0, trustedHops)) {
    const address = plainAddress(entry.trim());
    // A proxy that writes no address ("unknown", RFC 7239) hides what is behind it: the proxy itself is what we know.
    if (address === undefined) break;
    client = address;
  }
  return client;
}

/** Without port, brackets, zone and the IPv6 form of an IPv4 address. */
function plainAddress(text: string): string | undefined {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  const withPort = /^([\d.]+):\d+$/.exec(text)?.[1];
  const address = (bracketed ?? withPort ?? text).replace(/^::ffff:(?=[\d.]+$)/i, '').replace(/%.*$/, '');
  return isIP(address) === 0 ? undefined : address.toLowerCase();
}

/** One key for what one network can use at will: an IPv6 caller commands a /64 (RFC 6177), so its first four groups count. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  // An embedded IPv4 address fills two groups.
  const length = groups.length + after.length + (address.includes('.') ? 1 : 0);
  const zeros = address.includes('::') ? Array<string>(8 - length).fill('0') : [];
  return `${[...groups, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
