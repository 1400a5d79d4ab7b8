import { reject } from './rejection.ts';

type Construct = readonly [what: string, hint: string, keywords?: RegExp];

const constructs: Readonly<Record<string, Construct>> = {
  ParamRef: ['A parameter ($1)', 'Write the value as a literal.'],
  'SelectStmt.intoClause': ['SELECT INTO', 'Leave INTO out: results are returned, not stored.', /^into /],
  'SelectStmt.lockingClause': [
    'A locking clause (FOR UPDATE, FOR SHARE)',
    'Leave it out: this server only reads.',
    /^for (update|no|share|key)$/,
  ],
  'SelectStmt.limitOption': ['WITH TIES', 'Use rank() OVER (ORDER BY …) in a sub-select and filter on it.', /^with ties$/],
  'SelectStmt.groupDistinct': ['GROUP BY DISTINCT', 'List the sets you want: GROUPING SETS (…).', /^by distinct$/],
  'A_Indices.is_slice': ['An array slice', 'Name single elements, or use unnest(…) WITH ORDINALITY and filter on the position.'],
  'TypeName.setof': ['SETOF', 'Leave it out.'],
  'RangeVar.catalogname': ['A database name before a table', 'Name the table alone.'],
  'SQLValueFunction.op': [
    'Session information (current_user and the like)',
    'Leave it out; results are already limited to what you may see.',
  ],
  RangeTableFunc: ['XMLTABLE', 'Use JSON functions.'],
  XmlExpr: ['An XML expression', 'Use JSON functions.'],
  XmlSerialize: ['XMLSERIALIZE', 'Use JSON functions.'],
  SetToDefault: ['DEFAULT', 'Write the value, or NULL.'],
  MergeSupportFunc: ['MERGE_ACTION()', 'This server only reads.'],
  InsertStmt: ['A data-changing CTE (INSERT)', 'This server only reads: use SELECT in WITH.'],
  UpdateStmt: ['A data-changing CTE (UPDATE)', 'This server only reads: use SELECT in WITH.'],
  DeleteStmt: ['A data-changing CTE (DELETE)', 'This server only reads: use SELECT in WITH.'],
  MergeStmt: ['A data-changing CTE (MERGE)', 'This server only reads: use SELECT in WITH.'],
};

/** Refuses a node type, a field or a value that the grammar table lacks, by the name that the caller knows it by. */
export function rejectNode(type: string, location: number | undefined, serverMajor: number): never {
  const known = constructs[type];
  if (known !== undefined) rejectConstruct(known, location);
  reject(
    `The construct ${type} is not allowed here`,
    `Write it another way, as PostgreSQL ${serverMajor} understands it.`,
    location,
  );
}

export function rejectField(type: string, field: string, location: number | undefined): never {
  rejectConstruct(constructs[`${type}.${field}`] ?? [`The construct ${type}.${field}`, 'Write it another way.'], location);
}

export function rejectValue(type: string, field: string, value: unknown, location: number | undefined): never {
  rejectConstruct(
    constructs[`${type}.${field}`] ?? [`The construct ${type}.${field} = ${String(value)}`, 'Write it another way.'],
    location,
  );
}

function rejectConstruct([what, hint, keywords]: Construct, location: number | undefined): never {
  reject(`${what} is not allowed`, hint, keywords === undefined ? location : { keywords });
}
