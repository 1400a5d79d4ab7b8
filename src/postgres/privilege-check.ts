import type { SchemaDefinition } from '../core/schema-definition.ts';
import type { Database } from './database.ts';

export interface PrivilegeCheckOptions {
  readonly database: Database;
  readonly definition: SchemaDefinition;
  readonly prefix: string;
}

/** Placeholder until the inspection lands. */
export async function refuseUnsafeRoles(_options: PrivilegeCheckOptions): Promise<void> {}
