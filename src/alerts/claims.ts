import { createHash } from 'node:crypto';
import type { Transition } from './state-machine.ts';

/**
 * Which of several servers tells of an alert that they all see: the first that claims it. Resolves to false where another one has.
 * Must not reject: where nobody can be asked, two notices are better than none.
 */
export interface NoticeClaims {
  take(key: string, kind: Transition['kind']): Promise<boolean>;
  /** These are still seen here. */
  renew(keys: readonly string[]): Promise<void>;
}

/** What an alert goes by among servers: whom it is about is none of their store's business. */
export const claimName = (key: string): string => createHash('sha256').update(key).digest('hex');
