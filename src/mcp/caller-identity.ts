import type { Principal } from '../core/principal.ts';

/** All that decides what a caller may see, as text: two callers are the same where these are. */
export function callerIdentity({ subject, permissions, tenants }: Principal): string {
  return JSON.stringify([subject, [...permissions].sort(), tenants.map(({ id }) => id).sort((a, b) => a - b)]);
}
