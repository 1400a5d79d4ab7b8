import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import type { Note } from '../../core/observation.ts';
import type { KeyRing } from '../../vault/key-ring.ts';
import type { ScopeKey } from '../../vault/scope-key.ts';
import type { OpenedDatabase } from '../adapters.ts';
import type { ServedSchema } from '../served-schema.ts';

export interface BackupJobOptions {
  readonly config: Config;
  readonly served: ServedSchema;
  readonly clock: Clock;
  readonly note: Note;
  /** Whose hand it is: an account, or the scheduler. */
  readonly by: string;
  readonly ring: () => KeyRing;
  readonly signingKey: () => ScopeKey;
  /** The embedded database, where that is what is backed up; its holder closes it. */
  readonly embedded?: OpenedDatabase;
}
