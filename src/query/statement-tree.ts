import { Deparser } from 'pgsql-deparser';
import { normalizeSync, parseSync } from './guard-rules/parser.ts';
import { isMessage, listOf, type Message, unwrap, type WrappedNode } from './guard-rules/tree.ts';
import { checkReadable } from './parse-sql.ts';

export type StatementKind = 'SelectStmt' | 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt';

/** One statement that reads or changes rows, as its tree: nobody has approved it, so it may be looked at and explained, never run. */
export interface StatementTree {
  readonly kind: StatementKind;
  readonly message: Message;
}

const kinds: readonly string[] = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt'] satisfies StatementKind[];

/**
 * Reads a text of whoever wrote it, with `$1` wherever a literal may stand, as pg_stat_statements keeps it. Undefined where it is not
 * exactly one SELECT, INSERT, UPDATE or DELETE. `loadParser` comes first.
 */
export function readStatementTree(sql: string): StatementTree | undefined {
  try {
    checkReadable(sql);
    const [only, more] = listOf(parseSync(sql).stmts).filter(isMessage);
    const statement = more === undefined ? unwrap(only?.stmt) : undefined;
    if (statement === undefined || !kinds.includes(statement.type)) return undefined;
    return { kind: statement.type as StatementKind, message: statement.message };
  } catch {
    return undefined;
  }
}

/** The statement as SQL again: one statement by its making, whatever stood around it. */
export const writeStatement = ({ kind, message }: StatementTree): string => writeNode({ [kind]: message });

/** Any node as SQL, for example an expression. */
export const writeNode = (node: WrappedNode): string => new Deparser(node as never, { pretty: false }).deparseQuery();

/** Without literals and comments: what may be shown of a statement. */
export function withoutLiterals(tree: StatementTree): string {
  return normalizeSync(writeStatement(tree));
}
