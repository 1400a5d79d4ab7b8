import { createHash, randomBytes } from 'node:crypto';
import type { Principal } from '../../core/principal.ts';
import { callerIdentity } from '../caller-identity.ts';

/** Nobody can guess one, and it tells nothing: 192 random bits. */
export const newHandle = (): string => randomBytes(24).toString('base64url');

/**
 * Where a task is kept: a hash over its handle and all that its caller is. Another caller's handle, or one's own with other
 * permissions or another scope, leads to a place where nothing is; and whoever reads the store learns no handle.
 */
export function taskKey(handle: string, principal: Principal): string {
  return createHash('sha256')
    .update(JSON.stringify(['task', handle, callerIdentity(principal)]))
    .digest('base64url');
}
