import type { ReaderRole } from '../core/schema-definition.ts';

/** Exists for the compiler only: no other file can write a value of the type below. */
declare const made: unique symbol;

/** A statement that the guard has read, node by node, and found harmless. Only `guard.ts` makes one (by `approval.ts`); `execute.ts` takes nothing else. */
export interface ApprovedQuery {
  readonly [made]: true;
  /** The deparsed tree, not the caller's text. */
  readonly text: string;
  /** The same statement with parameters in the place of literals, where the same plan does for all their values. */
  readonly bound?: { readonly text: string; readonly values: readonly string[] };
  readonly reader: ReaderRole;
  /** Names of the served relations it reads. */
  readonly relations: readonly string[];
  /** True when the answer depends on the clock, on chance or on sampling: such an answer is never cached. */
  readonly volatile: boolean;
  /** What its figures may be mistaken for, where they look like it. */
  readonly hint?: string | undefined;
}
