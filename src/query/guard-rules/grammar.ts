/**
 * The part of PostgreSQL's grammar that a caller may use: every node type, every field of it and every value of an
 * enumeration that may occur. What is not written here is refused, so a node that a later parser invents is refused too.
 * Names are those of PostgreSQL's `parsenodes.h` and `primnodes.h`.
 */
export type FieldRule =
  | { readonly kind: 'flag' | 'number' | 'text' | 'place' }
  | { readonly kind: 'choice'; readonly values: ReadonlySet<unknown> }
  | { readonly kind: 'message'; readonly type: string }
  | { readonly kind: 'node'; readonly types: ReadonlySet<string> }
  | { readonly kind: 'list'; readonly types: ReadonlySet<string>; readonly gaps: boolean };

export interface NodeRule {
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** First PostgreSQL major that understands the node; absent = every supported one. */
  readonly since?: number;
}

const flag: FieldRule = { kind: 'flag' };
const number: FieldRule = { kind: 'number' };
const text: FieldRule = { kind: 'text' };
/** Where in the text the node stood: it means nothing to the answer. */
const place: FieldRule = { kind: 'place' };
const words = (names: string) => new Set(names.trim().split(/\s+/));
const choice = (values: string): FieldRule => ({ kind: 'choice', values: words(values) });
const always = (value: unknown): FieldRule => ({ kind: 'choice', values: new Set([value]) });
const message = (type: string): FieldRule => ({ kind: 'message', type });
const node = (types: ReadonlySet<string> | string): FieldRule => ({
  kind: 'node',
  types: typeof types === 'string' ? words(types) : types,
});
const list = (types: ReadonlySet<string> | string, gaps = false): FieldRule => ({
  kind: 'list',
  types: typeof types === 'string' ? words(types) : types,
  gaps,
});

const expression = words(`A_ArrayExpr A_Const A_Expr A_Indirection BoolExpr BooleanTest CaseExpr CoalesceExpr CollateClause
  ColumnRef FuncCall GroupingFunc JsonArrayAgg JsonArrayConstructor JsonArrayQueryConstructor JsonFuncExpr JsonIsPredicate
  JsonObjectAgg JsonObjectConstructor JsonParseExpr JsonScalarExpr JsonSerializeExpr MinMaxExpr NullTest RowExpr
  SQLValueFunction SubLink TypeCast`);
const expressionOr = (more: string) => new Set([...expression, ...words(more)]);
const fromItem = words('RangeVar RangeSubselect RangeFunction RangeTableSample JoinExpr JsonTable');

const jsonWrapper = choice('JSW_UNSPEC JSW_NONE JSW_CONDITIONAL JSW_UNCONDITIONAL');
const jsonQuotes = choice('JS_QUOTES_UNSPEC JS_QUOTES_KEEP JS_QUOTES_OMIT');

const statements: Record<string, NodeRule> = {
  SelectStmt: {
    fields: {
      distinctClause: list(expression, true),
      targetList: list('ResTarget'),
      fromClause: list(fromItem),
      whereClause: node(expression),
      groupClause: list(expressionOr('GroupingSet')),
      havingClause: node(expression),
      windowClause: list('WindowDef'),
      valuesLists: list('List'),
      sortClause: list('SortBy'),
      limitOffset: node(expression),
      limitCount: node(expression),
      limitOption: choice('LIMIT_OPTION_DEFAULT LIMIT_OPTION_COUNT'),
      withClause: message('WithClause'),
      op: choice('SETOP_NONE SETOP_UNION SETOP_INTERSECT SETOP_EXCEPT'),
      all: flag,
      larg: message('SelectStmt'),
      rarg: message('SelectStmt'),
    },
  },
  ResTarget: { fields: { name: text, val: node(expression), location: place } },
  WithClause: { fields: { ctes: list('CommonTableExpr'), recursive: flag, location: place } },
  CommonTableExpr: {
    fields: {
      ctename: text,
      aliascolnames: list('String'),
      ctematerialized: choice('CTEMaterializeDefault CTEMaterializeAlways CTEMaterializeNever'),
      ctequery: node('SelectStmt'),
      search_clause: message('CTESearchClause'),
      cycle_clause: message('CTECycleClause'),
      location: place,
    },
  },
  CTESearchClause: {
    fields: { search_col_list: list('String'), search_breadth_first: flag, search_seq_column: text, location: place },
  },
  CTECycleClause: {
    fields: {
      cycle_col_list: list('String'),
      cycle_mark_column: text,
      cycle_mark_value: node('A_Const TypeCast'),
      cycle_mark_default: node('A_Const TypeCast'),
      cycle_path_column: text,
      location: place,
    },
  },
  SortBy: {
    fields: {
      node: node(expression),
      sortby_dir: choice('SORTBY_DEFAULT SORTBY_ASC SORTBY_DESC SORTBY_USING'),
      sortby_nulls: choice('SORTBY_NULLS_DEFAULT SORTBY_NULLS_FIRST SORTBY_NULLS_LAST'),
      useOp: list('String'),
      location: place,
    },
  },
  WindowDef: {
    fields: {
      name: text,
      refname: text,
      partitionClause: list(expression),
      orderClause: list('SortBy'),
      frameOptions: number,
      startOffset: node(expression),
      endOffset: node(expression),
      location: place,
    },
  },
  GroupingSet: {
    fields: {
      kind: choice('GROUPING_SET_EMPTY GROUPING_SET_SIMPLE GROUPING_SET_ROLLUP GROUPING_SET_CUBE GROUPING_SET_SETS'),
      content: list(expressionOr('GroupingSet')),
      location: place,
    },
  },
};

const fromItems: Record<string, NodeRule> = {
  RangeVar: {
    fields: {
      schemaname: text,
      relname: text,
      inh: flag,
      relpersistence: always('p'),
      alias: message('Alias'),
      location: place,
    },
  },
  Alias: { fields: { aliasname: text, colnames: list('String') } },
  RangeSubselect: { fields: { lateral: flag, subquery: node('SelectStmt'), alias: message('Alias') } },
  RangeFunction: {
    fields: {
      lateral: flag,
      ordinality: flag,
      is_rowsfrom: flag,
      functions: list('List'),
      alias: message('Alias'),
      coldeflist: list('ColumnDef'),
    },
  },
  ColumnDef: { fields: { colname: text, typeName: message('TypeName'), is_local: flag, location: place } },
  RangeTableSample: {
    fields: {
      relation: node('RangeVar'),
      method: list('String'),
      args: list(expression),
      repeatable: node(expression),
      location: place,
    },
  },
  JoinExpr: {
    fields: {
      jointype: choice('JOIN_INNER JOIN_LEFT JOIN_FULL JOIN_RIGHT'),
      isNatural: flag,
      larg: node(fromItem),
      rarg: node(fromItem),
      usingClause: list('String'),
      join_using_alias: message('Alias'),
      quals: node(expression),
      alias: message('Alias'),
    },
  },
};

const expressions: Record<string, NodeRule> = {
  A_Const: {
    fields: {
      ival: message('Integer'),
      fval: message('Float'),
      boolval: message('Boolean'),
      sval: message('String'),
      bsval: message('BitString'),
      isnull: flag,
      location: place,
    },
  },
  Integer: { fields: { ival: number } },
  Float: { fields: { fval: text } },
  Boolean: { fields: { boolval: flag } },
  String: { fields: { sval: text } },
  BitString: { fields: { bsval: text } },
  List: { fields: { items: list(expressionOr('List ColumnDef'), true) } },
  ColumnRef: { fields: { fields: list('String A_Star'), location: place } },
  A_Star: { fields: {} },
  A_Indirection: { fields: { arg: node(expression), indirection: list('String A_Star A_Indices') } },
  A_Indices: { fields: { lidx: node(expression), uidx: node(expression) } },
  A_ArrayExpr: { fields: { elements: list(expression), list_start: place, list_end: place, location: place } },
  RowExpr: {
    fields: {
      args: list(expression),
      row_format: choice('COERCE_EXPLICIT_CALL COERCE_IMPLICIT_CAST'),
      location: place,
    },
  },
  A_Expr: {
    fields: {
      kind: choice(`AEXPR_OP AEXPR_OP_ANY AEXPR_OP_ALL AEXPR_DISTINCT AEXPR_NOT_DISTINCT AEXPR_NULLIF AEXPR_IN AEXPR_LIKE
        AEXPR_ILIKE AEXPR_SIMILAR AEXPR_BETWEEN AEXPR_NOT_BETWEEN AEXPR_BETWEEN_SYM AEXPR_NOT_BETWEEN_SYM`),
      name: list('String'),
      lexpr: node(expression),
      rexpr: node(expressionOr('List')),
      rexpr_list_start: place,
      rexpr_list_end: place,
      location: place,
    },
  },
  BoolExpr: { fields: { boolop: choice('AND_EXPR OR_EXPR NOT_EXPR'), args: list(expression), location: place } },
  NullTest: { fields: { arg: node(expression), nulltesttype: choice('IS_NULL IS_NOT_NULL'), location: place } },
  BooleanTest: {
    fields: {
      arg: node(expression),
      booltesttype: choice('IS_TRUE IS_NOT_TRUE IS_FALSE IS_NOT_FALSE IS_UNKNOWN IS_NOT_UNKNOWN'),
      location: place,
    },
  },
  CaseExpr: { fields: { arg: node(expression), args: list('CaseWhen'), defresult: node(expression), location: place } },
  CaseWhen: { fields: { expr: node(expression), result: node(expression), location: place } },
  CoalesceExpr: { fields: { args: list(expression), location: place } },
  MinMaxExpr: { fields: { op: choice('IS_GREATEST IS_LEAST'), args: list(expression), location: place } },
  FuncCall: {
    fields: {
      funcname: list('String'),
      args: list(expressionOr('NamedArgExpr')),
      agg_order: list('SortBy'),
      agg_filter: node(expression),
      over: message('WindowDef'),
      agg_within_group: flag,
      agg_star: flag,
      agg_distinct: flag,
      func_variadic: flag,
      funcformat: choice('COERCE_EXPLICIT_CALL COERCE_SQL_SYNTAX'),
      location: place,
    },
  },
  NamedArgExpr: { fields: { arg: node(expression), name: text, argnumber: always(-1), location: place } },
  GroupingFunc: { fields: { args: list(expression), location: place } },
  SQLValueFunction: {
    fields: {
      op: choice(`SVFOP_CURRENT_DATE SVFOP_CURRENT_TIME SVFOP_CURRENT_TIME_N SVFOP_CURRENT_TIMESTAMP
        SVFOP_CURRENT_TIMESTAMP_N SVFOP_LOCALTIME SVFOP_LOCALTIME_N SVFOP_LOCALTIMESTAMP SVFOP_LOCALTIMESTAMP_N`),
      typmod: number,
      location: place,
    },
  },
  SubLink: {
    fields: {
      subLinkType: choice('EXISTS_SUBLINK ALL_SUBLINK ANY_SUBLINK EXPR_SUBLINK ARRAY_SUBLINK'),
      testexpr: node(expression),
      operName: list('String'),
      subselect: node('SelectStmt'),
      location: place,
    },
  },
  TypeCast: { fields: { arg: node(expression), typeName: message('TypeName'), location: place } },
  TypeName: {
    fields: {
      names: list('String'),
      typmods: list('A_Const'),
      typemod: always(-1),
      arrayBounds: list('Integer'),
      location: place,
    },
  },
  CollateClause: { fields: { arg: node(expression), collname: list('String'), location: place } },
};

const json: Record<string, NodeRule> = {
  JsonFormat: {
    fields: {
      format_type: choice('JS_FORMAT_DEFAULT JS_FORMAT_JSON JS_FORMAT_JSONB'),
      encoding: choice('JS_ENC_DEFAULT JS_ENC_UTF8'),
      location: place,
    },
  },
  JsonReturning: { fields: { format: message('JsonFormat'), typmod: always(-1) } },
  JsonOutput: { fields: { typeName: message('TypeName'), returning: message('JsonReturning') } },
  JsonValueExpr: { fields: { raw_expr: node(expression), format: message('JsonFormat') } },
  JsonKeyValue: { fields: { key: node(expression), value: message('JsonValueExpr') } },
  JsonObjectConstructor: {
    fields: {
      exprs: list('JsonKeyValue'),
      output: message('JsonOutput'),
      absent_on_null: flag,
      unique: flag,
      location: place,
    },
  },
  JsonArrayConstructor: {
    fields: { exprs: list('JsonValueExpr'), output: message('JsonOutput'), absent_on_null: flag, location: place },
  },
  JsonArrayQueryConstructor: {
    fields: {
      query: node('SelectStmt'),
      output: message('JsonOutput'),
      format: message('JsonFormat'),
      absent_on_null: flag,
      location: place,
    },
  },
  JsonAggConstructor: {
    fields: {
      output: message('JsonOutput'),
      agg_filter: node(expression),
      agg_order: list('SortBy'),
      over: message('WindowDef'),
      location: place,
    },
  },
  JsonObjectAgg: {
    fields: {
      constructor: message('JsonAggConstructor'),
      arg: message('JsonKeyValue'),
      absent_on_null: flag,
      unique: flag,
    },
  },
  JsonArrayAgg: {
    fields: { constructor: message('JsonAggConstructor'), arg: message('JsonValueExpr'), absent_on_null: flag },
  },
  JsonIsPredicate: {
    fields: {
      expr: node(expression),
      format: message('JsonFormat'),
      item_type: choice('JS_TYPE_ANY JS_TYPE_OBJECT JS_TYPE_ARRAY JS_TYPE_SCALAR'),
      unique_keys: flag,
      location: place,
    },
  },
  JsonArgument: { fields: { val: message('JsonValueExpr'), name: text } },
  JsonBehavior: {
    fields: {
      btype: choice(`JSON_BEHAVIOR_NULL JSON_BEHAVIOR_ERROR JSON_BEHAVIOR_EMPTY JSON_BEHAVIOR_TRUE JSON_BEHAVIOR_FALSE
        JSON_BEHAVIOR_UNKNOWN JSON_BEHAVIOR_EMPTY_ARRAY JSON_BEHAVIOR_EMPTY_OBJECT JSON_BEHAVIOR_DEFAULT`),
      expr: node(expression),
      coerce: flag,
      location: place,
    },
  },
  JsonFuncExpr: {
    since: 17,
    fields: {
      op: choice('JSON_EXISTS_OP JSON_QUERY_OP JSON_VALUE_OP'),
      context_item: message('JsonValueExpr'),
      pathspec: node(expression),
      passing: list('JsonArgument'),
      output: message('JsonOutput'),
      on_empty: message('JsonBehavior'),
      on_error: message('JsonBehavior'),
      wrapper: jsonWrapper,
      quotes: jsonQuotes,
      location: place,
    },
  },
  JsonParseExpr: {
    since: 17,
    fields: { expr: message('JsonValueExpr'), output: message('JsonOutput'), unique_keys: flag, location: place },
  },
  JsonScalarExpr: { since: 17, fields: { expr: node(expression), output: message('JsonOutput'), location: place } },
  JsonSerializeExpr: { since: 17, fields: { expr: message('JsonValueExpr'), output: message('JsonOutput'), location: place } },
  JsonTable: {
    since: 17,
    fields: {
      context_item: message('JsonValueExpr'),
      pathspec: message('JsonTablePathSpec'),
      passing: list('JsonArgument'),
      columns: list('JsonTableColumn'),
      on_error: message('JsonBehavior'),
      alias: message('Alias'),
      lateral: flag,
      location: place,
    },
  },
  JsonTablePathSpec: { since: 17, fields: { string: node('A_Const'), name: text, name_location: place, location: place } },
  JsonTableColumn: {
    since: 17,
    fields: {
      coltype: choice('JTC_FOR_ORDINALITY JTC_REGULAR JTC_EXISTS JTC_FORMATTED JTC_NESTED'),
      name: text,
      typeName: message('TypeName'),
      pathspec: message('JsonTablePathSpec'),
      format: message('JsonFormat'),
      wrapper: jsonWrapper,
      quotes: jsonQuotes,
      columns: list('JsonTableColumn'),
      on_empty: message('JsonBehavior'),
      on_error: message('JsonBehavior'),
      location: place,
    },
  },
};

const grammar: ReadonlyMap<string, NodeRule> = new Map(
  Object.entries({ ...statements, ...fromItems, ...expressions, ...json }).map(([type, rule]) => [
    type,
    // No prototype: a field named "constructor" is a field of the grammar, "toString" is not.
    { ...rule, fields: Object.assign(Object.create(null), rule.fields) as NodeRule['fields'] },
  ]),
);

/** The node types that a server of this major understands. */
export function grammarFor(serverMajor: number): ReadonlyMap<string, NodeRule> {
  return new Map([...grammar].filter(([, rule]) => (rule.since ?? 0) <= serverMajor));
}
