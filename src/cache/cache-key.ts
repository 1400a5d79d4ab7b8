import { hash } from 'node:crypto';
import type { SchemaDefinition } from '../core/schema-definition.ts';

/** Raised when the form of keys or of entries changes, so that servers of two versions can share a Redis. */
const formVersion = 1;

/** A bound value and PostgreSQL's name of its type: 1 and '1' are different questions. */
export interface KeyParameter {
  readonly type: string;
  readonly value: string | null;
}

/** Everything that an answer follows from, apart from the rows themselves. */
export interface CacheKeyParts {
  /** The installation and its database: two of them may share a Redis and a schema. */
  readonly namespace: string;
  /** Of `schemaVersion`. */
  readonly schemaVersion: string;
  /** Suffix of the reader login, which stands for the permission set. */
  readonly reader: string;
  /** Tenants of the verified principal, in any order. */
  readonly tenantIds: readonly number[];
  /** What was asked for, for example `query`. */
  readonly kind: string;
  /** The guard's text: deparsed, so that blanks and comments are gone, and literals are as they were. */
  readonly text: string;
  readonly parameters?: readonly KeyParameter[];
}

/**
 * SHA-256, in hexadecimal, over an injective encoding: every field and every list carries its length, so no other parts spell
 * the same bytes. A key carries the tenants' scope, so one store can never be served another store's rows.
 */
export function cacheKey(parts: CacheKeyParts): string {
  const { namespace, schemaVersion: version, reader, tenantIds, kind, text, parameters = [] } = parts;
  const tenants = [...new Set(tenantIds)].sort((a, b) => a - b).map(String);
  const bound = parameters.map(({ type, value }) => list(value === null ? [type] : [type, value]));
  const fields = [String(formVersion), namespace, version, reader, list(tenants), kind, text, list(bound)];
  return hash('sha256', list(fields));
}

/** `<count>:` and each part as `<length>:<part>`, lengths in UTF-16 units. */
function list(parts: readonly string[]): string {
  let encoded = `${parts.length}:`;
  for (const part of parts) encoded += `${part.length}:${part}`;
  return encoded;
}

/** Changes whenever the served schema's definition does: after an upgrade nothing is answered from before it. */
export function schemaVersion(definition: SchemaDefinition): string {
  return hash('sha256', JSON.stringify(definition));
}
