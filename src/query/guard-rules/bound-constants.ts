import type { CutStatement, FreeConstant } from './literals.ts';
import { isMessage, type Message, stringNode } from './tree.ts';

/**
 * Puts parameters in the place of constants that a column must be equal to, so that PostgreSQL plans the statement once for
 * all their values. False, and nothing is changed, where one of the constants is compared in another way: for a range whose ends
 * the planner does not know it supposes a two-hundredth of the rows, and would be content with a plan for so few
 * (DEFAULT_RANGE_INEQ_SEL in https://doxygen.postgresql.org/selfuncs_8h_source.html). False, too, where one stands in what is
 * selected, grouped, sorted or made distinct: there equal literals make equal expressions, and two parameters never do.
 *
 * A number becomes `$n::int4`, the type of the constant that it was. A text becomes `$n` without a type, which PostgreSQL
 * resolves as it does a quoted literal: https://www.postgresql.org/docs/17/typeconv-oper.html
 */
export function bindConstants(constants: readonly FreeConstant[]): boolean {
  if (constants.length === 0 || !constants.every(({ byEquality }) => byEquality)) return false;
  for (const [index, { node, constant }] of constants.entries()) {
    const parameter: Message = { ParamRef: { number: index + 1 } };
    delete node.A_Const;
    Object.assign(node, isMessage(constant.ival) ? { TypeCast: { arg: parameter, typeName: int4 } } : parameter);
  }
  return true;
}

const int4: Message = { names: [stringNode('pg_catalog'), stringNode('int4')], typemod: -1 };

/** What stands for the parameters in a statement: PostgreSQL's text of each of these literals, which are plain. */
export function boundValues(bound: readonly number[], { literals }: CutStatement): string[] {
  return bound.map((literal) => {
    const text = literals[literal]?.text ?? '';
    return text.startsWith("'") ? text.slice(1, -1) : text;
  });
}
