import { as, isMessage, listOf, type Message, namesOf, unwrap } from './tree.ts';

/** How sure PostgreSQL is of a name that it makes up; a cast's type gives way to a better one. */
type Figured = { readonly name: string; readonly strong: boolean } | undefined;

const strong = (name: string): Figured => ({ name, strong: true });

const fixedNames: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

/** Names of the columns of each sub-select, which has been read before. */
export type ColumnsOf = Pick<WeakMap<Message, readonly string[]>, 'get'>;

/** Name of a result column that the caller did not name: what `FigureColname` in PostgreSQL's parser would say. */
export const outputName = (expression: unknown, columnsOf: ColumnsOf): string =>
  figure(expression, columnsOf)?.name ?? '?column?';

function figure(node: unknown, columnsOf: ColumnsOf): Figured {
  const found = unwrap(node);
  if (found === undefined) return undefined;
  const { type, message } = found;
  const fixed = fixedNames[type];
  if (fixed !== undefined) return strong(fixed);
  switch (type) {
    case 'ColumnRef':
      return lastName(message.fields);
    case 'A_Indirection':
      return lastName(message.indirection) ?? figure(message.arg, columnsOf);
    case 'FuncCall':
      return lastName(message.funcname);
    case 'A_Expr':
      return message.kind === 'AEXPR_NULLIF' ? strong('nullif') : undefined;
    case 'TypeCast':
      return orWeak(
        figure(message.arg, columnsOf),
        isMessage(message.typeName) ? namesOf(message.typeName.names).at(-1) : undefined,
      );
    case 'CollateClause':
      return figure(message.arg, columnsOf);
    case 'CaseExpr':
      return orWeak(figure(message.defresult, columnsOf), 'case');
    case 'MinMaxExpr':
      return strong(message.op === 'IS_GREATEST' ? 'greatest' : 'least');
    case 'SQLValueFunction':
      return strong(
        String(message.op)
          .replace(/^SVFOP_|_N$/g, '')
          .toLowerCase(),
      );
    case 'JsonFuncExpr':
      return strong(String(message.op).replace(/_OP$/, '').toLowerCase());
    case 'SubLink':
      return ofSubLink(message, columnsOf);
    default:
      return undefined;
  }
}

function lastName(list: unknown): Figured {
  const name = listOf(list)
    .map((node) => as('String', node)?.sval)
    .findLast((sval) => typeof sval === 'string');
  return typeof name === 'string' ? strong(name) : undefined;
}

const orWeak = (figured: Figured, name: string | undefined): Figured =>
  figured?.strong === true || name === undefined ? figured : { name, strong: false };

function ofSubLink(link: Message, columnsOf: ColumnsOf): Figured {
  if (link.subLinkType === 'EXISTS_SUBLINK') return strong('exists');
  if (link.subLinkType === 'ARRAY_SUBLINK') return strong('array');
  const select = link.subLinkType === 'EXPR_SUBLINK' ? as('SelectStmt', link.subselect) : undefined;
  const name = select === undefined ? undefined : columnsOf.get(select)?.[0];
  return name === undefined ? undefined : strong(name);
}
