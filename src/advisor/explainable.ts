import { namesOf } from '../query/guard-rules/tree.ts';
import type { StatementTree } from '../query/statement-tree.ts';
import type { Catalogue } from './catalogue.ts';
import { walk } from './conditions.ts';

/**
 * Planning is not always harmless: PostgreSQL runs functions of constants to estimate with their results, as whoever explains. So only
 * statements are explained that read tables, not views, by functions and operators that come with PostgreSQL or an extension.
 */
export function isExplainable({ kind, message }: StatementTree, { tables, ownFunctions, ownOperators }: Catalogue): boolean {
  const nodes = [...walk({ [kind]: message })];
  const ctes = new Set(nodes.filter(({ type }) => type === 'CommonTableExpr').map(({ message: { ctename } }) => ctename));
  const known = new Set(tables.map(({ name }) => name));
  const qualified = new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
  return nodes.every(({ type, message: node }) => {
    if (type === 'FuncCall') return !ownFunctions.has(namesOf(node.funcname).at(-1) ?? '');
    if (type === 'A_Expr') return !ownOperators.has(namesOf(node.name).at(-1) ?? '');
    if (type === 'intoClause') return false;
    // What a statement changes stands as its `relation`, without the type around it.
    if (type !== 'RangeVar' && type !== 'relation') return true;
    const { schemaname, relname } = node;
    return schemaname === undefined ? ctes.has(relname) || known.has(String(relname)) : qualified.has(`${schemaname}.${relname}`);
  });
}
