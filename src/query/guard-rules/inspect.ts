import { checks, type Inspection } from './checks.ts';
import { rejectField, rejectNode, rejectValue } from './constructs.ts';
import type { FieldRule, NodeRule } from './grammar.ts';
import { reject } from './rejection.ts';
import { isMessage, locationOf, type Message, unwrap } from './tree.ts';

/** Deepest tree, in messages: a hundred nested sub-selects fit. Everything that walks the tree afterwards may recurse. */
const maxDepth = 400;

/** Walks every node by the grammar table; what the table does not name is refused. The first pass, without scopes. */
export function inspect(tree: Message, grammar: ReadonlyMap<string, NodeRule>, serverMajor: number): Readonly<Inspection> {
  const inspection: Inspection = { volatile: false, names: 0, product: 1 };
  let depth = 0;
  inspectMessage('SelectStmt', tree, undefined);
  return inspection;

  function inspectMessage(type: string, message: Message, outer: number | undefined): void {
    const rule = grammar.get(type) ?? rejectNode(type, locationOf(message) ?? outer, serverMajor);
    const location = locationOf(message) ?? outer;
    depth += 1;
    if (depth > maxDepth) reject('The statement is nested too deeply', 'Split it into CTEs (WITH …) or simplify it.', location);
    for (const field in message) {
      const fieldRule = rule.fields[field] ?? rejectField(type, field, location);
      inspectField(type, field, fieldRule, message[field], location);
    }
    checks.get(type)?.(message, inspection, location);
    depth -= 1;
  }

  function inspectField(type: string, field: string, rule: FieldRule, value: unknown, location: number | undefined): void {
    if (rule.kind === 'message' && isMessage(value)) inspectMessage(rule.type, value, location);
    else if (rule.kind === 'node') inspectNode(rule.types, value, location);
    else if (rule.kind === 'list' && Array.isArray(value)) {
      for (const item of value) if (!rule.gaps || !isEmpty(item)) inspectNode(rule.types, item, location);
    } else if (rule.kind === 'choice') {
      if (!rule.values.has(value)) rejectValue(type, field, value, location);
    } else if (typeof value !== scalars[rule.kind]) rejectField(type, field, location);
  }

  function inspectNode(types: ReadonlySet<string>, value: unknown, location: number | undefined): void {
    const found = unwrap(value) ?? reject('The statement holds an empty node', undefined, location);
    if (!types.has(found.type)) rejectNode(found.type, locationOf(found.message) ?? location, serverMajor);
    inspectMessage(found.type, found.message, location);
  }
}

/** JavaScript types of the scalar fields; a message or a list must be an object and was looked at before. */
const scalars: Readonly<Partial<Record<FieldRule['kind'], string>>> = {
  flag: 'boolean',
  number: 'number',
  place: 'number',
  text: 'string',
};

const isEmpty = (value: unknown): boolean => isMessage(value) && Object.keys(value).length === 0;
