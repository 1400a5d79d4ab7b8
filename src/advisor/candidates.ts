import { type Candidate, type CandidateKey, candidateBody, coveredBy } from './candidate.ts';
import { type Catalogue, quoted, type Table } from './catalogue.ts';
import type { Condition } from './conditions.ts';
import { type ColumnSample, type Samples, sampleKey } from './read-samples.ts';
import type { TableUse } from './statement-shape.ts';

/** A table that is read in a few pages gains nothing by an index. */
const leastPages = 24;
const leastRows = 1000;
const mostKeys = 4;
const mostIncluded = 4;
/** Bytes that INCLUDE may add to an entry: a wide index is read as slowly as its table. */
const mostIncludedBytes = 40;
/** Share of rows up to which an index over these alone is worth a thought. */
const rareShare = 0.25;

export const isSmall = ({ rows, pages }: Table): boolean => rows < leastRows || pages < leastPages;

/** Indexes that could serve one use of a table: columns compared by equality first, then a range or the order. Each has to prove itself. */
export function candidatesFor(use: TableUse, catalogue: Catalogue, samples: Samples): Candidate[] {
  const { table } = use;
  if (isSmall(table)) return [];
  const sampleOf = (column: string) => samples.get(sampleKey(table, column));
  const plain = use.conditions.filter(({ around, kind }) => around === undefined && !/^(other|pattern|contains)$/.test(kind));
  const keySets = keySetsOf(use, plain, catalogue, sampleOf);
  const predicates = predicatesOf(plain, sampleOf, table);
  const btrees = keySets.flatMap((keys) => [
    { table, method: 'btree' as const, keys, include: [] },
    ...predicates.flatMap(({ predicate, column }) => {
      const rest = keys.filter((key) => key.text !== column);
      return [{ table, method: 'btree' as const, keys: rest.length === 0 ? keys : rest, include: [], predicate }];
    }),
  ]);
  const all: Candidate[] = [
    ...btrees,
    ...btrees.flatMap((candidate) => covering(candidate, use)),
    ...trigrams(use, catalogue),
    ...containers(use),
  ];
  const known = new Map(all.map((candidate) => [candidateBody(candidate), candidate]));
  return [...known.values()].filter((candidate) => !table.indexes.some((index) => coveredBy(candidate, index)));
}

type SampleOf = (column: string) => ColumnSample | undefined;

const key = (text: string, options = ''): CandidateKey => ({ text, expression: false, options });

function keySetsOf(use: TableUse, plain: readonly Condition[], catalogue: Catalogue, sampleOf: SampleOf): CandidateKey[][] {
  const distinct = (column: string) => sampleOf(column)?.distinct ?? 1;
  const named = (kinds: readonly Condition['kind'][], joins?: boolean) =>
    unique(
      plain.filter((one) => kinds.includes(one.kind) && (joins === undefined || one.joins === joins)).map(({ column }) => column),
    );
  const tenants = unique(use.tenantColumns);
  // The tenant first, since every statement of a reader has it; then what leaves the fewest rows.
  const own = named(['equal'], false).filter((column) => !tenants.includes(column));
  const equal = [...tenants, ...own.sort((a, b) => distinct(b) - distinct(a))].map((column) => key(column));
  const expressions = expressionKeys(use, catalogue);
  const joins = named(['equal'], true)
    .filter((column) => !equal.some(({ text }) => text === column))
    .map((column) => key(column));
  const ranges = named(['range'])
    .filter((column) => !tenants.includes(column))
    .map((column) => key(column));
  const fixed = new Set(equal.map(({ text }) => text));
  const order = use.order
    .filter(({ column }) => !fixed.has(column))
    .map(({ column, options }) => key(column, simplest(use, options)));
  const group = use.group.filter((column) => !fixed.has(column)).map((column) => key(column));

  const tails: CandidateKey[][] = [[], order, ...ranges.map((range) => [range]), group];
  if (order.length > 0) for (const range of ranges) if (range.text !== order[0]?.text) tails.push([...order, range]);
  const heads: CandidateKey[][] = [
    equal,
    ...joins.map((join) => [join]),
    ...joins.map((join) => [join, ...equal]),
    ...joins.map((join) => [...equal, join]),
  ];
  if (equal.length > 1) heads.push(...equal.map((one) => [one]));
  if (expressions.length > 0)
    heads.push(expressions, [...equal, ...expressions], [...tenants.map((column) => key(column)), ...expressions]);
  const prefixes = patternKeys(use);
  if (prefixes.length > 0) heads.push(prefixes, [...equal, ...prefixes]);
  const sets = heads.flatMap((head) => tails.map((tail) => withoutRepeats([...head, ...tail]).slice(0, mostKeys)));
  return sets.filter((keys) => keys.length > 0);
}

/** An index is read in both directions: one order and its mirror image are the same. */
function simplest(use: TableUse, options: string): string {
  const all = use.order.map((one) => one.options);
  return all.every((one) => one === 'DESC') ? '' : all.every((one) => one === 'NULLS FIRST') ? 'NULLS FIRST' : options;
}

function expressionKeys(use: TableUse, { immutableFunctions }: Catalogue): CandidateKey[] {
  const found = use.conditions.flatMap(({ kind, around }) =>
    kind === 'equal' && around?.kind === 'function' && around.sql !== undefined && immutableFunctions.has(around.name)
      ? [around.sql]
      : [],
  );
  return unique(found).map((text) => ({ text, expression: true, options: '' }));
}

/** A pattern that begins with text is a range, in the order of its bytes. */
function patternKeys(use: TableUse): CandidateKey[] {
  const found = use.conditions.filter(
    ({ kind, around, pattern }) => kind === 'pattern' && !around && pattern?.begins === 'text' && !pattern.insensitive,
  );
  return unique(found.map(({ column }) => column)).map((column) => key(column, 'text_pattern_ops'));
}

function trigrams(use: TableUse, { trigramSchema }: Catalogue): Candidate[] {
  if (trigramSchema === undefined) return [];
  const found = use.conditions.filter(
    ({ kind, pattern }) => kind === 'pattern' && (pattern?.begins !== 'text' || pattern.insensitive),
  );
  return found.flatMap(({ column, around }) => {
    if (around !== undefined && around.sql === undefined) return [];
    const options = `${quoted(trigramSchema)}.gin_trgm_ops`;
    const only = around?.sql === undefined ? key(column, options) : { text: around.sql, expression: true, options };
    return [{ table: use.table, method: 'gin' as const, keys: [only], include: [] }];
  });
}

/** What is in a document, an array or a text's words. */
function containers(use: TableUse): Candidate[] {
  const { table } = use;
  const found = use.conditions.filter(({ kind, around, column }) => {
    const known = table.columns.find(({ name }) => name === column);
    return (
      kind === 'contains' && !around && known !== undefined && (/^(jsonb|tsvector)$/.test(known.type) || known.category === 'A')
    );
  });
  return unique(found.map(({ column }) => column)).map((column) => ({
    table,
    method: 'gin' as const,
    keys: [key(column)],
    include: [],
  }));
}

interface Predicate {
  readonly predicate: string;
  readonly column: string;
}

/** Conditions without a parameter that few rows fulfil, and the few rows without the value that most rows have. */
function predicatesOf(plain: readonly Condition[], sampleOf: SampleOf, table: Table): Predicate[] {
  return plain.flatMap(({ kind, column, operands, joins }): Predicate[] => {
    const sample = sampleOf(column);
    if (sample === undefined) return [];
    const shareOf = (value: string) => sample.common.find((one) => one.value === value)?.share ?? 0;
    const name = quoted(column);
    const rare = (share: number, predicate: string) => (share > 0 && share <= rareShare ? [{ predicate, column }] : []);
    if (kind === 'null') return rare(sample.nulls, `${name} IS NULL`);
    if (kind === 'not null') return rare(1 - sample.nulls, `${name} IS NOT NULL`);
    if (kind === 'true') return rare(shareOf('true'), name);
    if (kind === 'false') return rare(shareOf('false'), `NOT ${name}`);
    const [most] = sample.common;
    if (kind !== 'equal' || joins || operands.length === 0 || !isState(table, column, sample) || most === undefined) return [];
    if (isBoolean(table, column)) return rare(1 - most.share, most.value === 'true' ? `NOT ${name}` : name);
    return rare(1 - most.share - sample.nulls, `${name} <> '${most.value.replaceAll("'", "''")}'`);
  });
}

const categoryOf = (table: Table, column: string) => table.columns.find(({ name }) => name === column)?.category;
const isBoolean = (table: Table, column: string) => categoryOf(table, column) === 'B';

/** A column of a few words that say what state a row is in: the only data that may stand in an index's definition. */
export const isState = (table: Table, column: string, sample: ColumnSample): boolean =>
  sample.complete &&
  sample.common.every(({ value }) => /^[\p{L}\p{N} _-]{1,30}$/u.test(value)) &&
  /^[SBE]$/.test(categoryOf(table, column) ?? '');

function covering(candidate: Candidate, use: TableUse): Candidate[] {
  const keys = new Set(candidate.keys.filter(({ expression }) => !expression).map(({ text }) => text));
  const include = [...use.columns, ...use.tenantColumns].filter(
    (column) => !keys.has(column) && !candidate.predicate?.includes(quoted(column)),
  );
  const wanted = unique(include);
  const bytes = wanted.reduce(
    (sum, column) => sum + (use.table.columns.find(({ name }) => name === column)?.averageBytes ?? 0),
    0,
  );
  const fits = wanted.length > 0 && wanted.length <= mostIncluded && bytes <= mostIncludedBytes && candidate.method === 'btree';
  return fits ? [{ ...candidate, include: wanted }] : [];
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

const withoutRepeats = (keys: readonly CandidateKey[]): CandidateKey[] =>
  keys.filter((one, place) => keys.findIndex(({ text }) => text === one.text) === place);
