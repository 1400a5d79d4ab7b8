import type { TableDescription } from '../query/describe-tables.ts';

/** One table as a model reads it best. */
export function tableMarkdown(table: TableDescription): string {
  const values = Object.entries(table.valid_values).map(([label, allowed]) => `${label}: ${allowed.join(', ')}`);
  return [
    `# ${table.name}`,
    `**Purpose:** ${table.purpose}`,
    '## Schema',
    '| column | type | null |',
    '|---|---|---|',
    ...table.columns.map((column) => `| ${column.name} | ${column.type} | ${column.nullable ? 'yes' : 'no'} |`),
    '## Relationships',
    ...orNone(table.relationships.map(({ from, to, cardinality }) => `${from} → ${to} (${cardinality})`)),
    '## Valid Values',
    ...orNone(values),
    '## Query Hints',
    ...orNone(table.hints),
  ].join('\n');
}

const orNone = (lines: readonly string[]) => (lines.length === 0 ? ['none'] : lines);
