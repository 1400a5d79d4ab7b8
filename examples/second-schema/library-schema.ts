import type { ServedSchema } from '../../src/app/served-schema.ts';
import type { ToolText } from '../../src/core/wording.ts';
import { libraryDefinition } from './library-definition.ts';

const tables = libraryDefinition.relations.map(({ name }) => name).join(', ');

/** What models read; the tools' names are the server's. */
const toolTexts: Readonly<Record<string, ToolText>> = {
  get_multiple_table_schemas: {
    title: 'Describe tables',
    description: 'Columns, keys and meaning of the named tables. Call it before writing SQL.',
    arguments: { table_names: `One or more of: ${tables}` },
  },
  execute_sales_query: {
    title: 'Query the library',
    description: 'Runs one SELECT over the branches of the caller. Use LIMIT 20 unless asked for more.',
    arguments: { postgresql_query: 'One PostgreSQL SELECT' },
  },
  get_current_utc_date: { title: 'Today', description: 'The current date in UTC.', arguments: {} },
  explain_access: {
    title: 'Explain access',
    description: 'For operators: what decides who sees what of a table.',
    arguments: {},
  },
};

/** The second schema as the server takes it: `retailSchema` in src/app/served-schema.ts is the first. */
export const librarySchema: ServedSchema = {
  definition: libraryDefinition,
  wording: {
    instructions: 'A city library. Ask get_multiple_table_schemas before writing SQL. You see the branches of your token only.',
    toolTexts,
    prompts: [],
    resources: { scheme: 'library', tenants: 'branches', tenantLabel: 'branch_name', groupLabel: 'district_name' },
  },
  indexes: [],
  validValues: [
    { relation: 'branches', label: 'branch_name', source: 'tenants' },
    { relation: 'districts', label: 'district_name', source: 'groups' },
  ],
  migrations: new URL('./migrations/', import.meta.url),
  async seed(session) {
    await session.script(`
      INSERT INTO library.districts VALUES (1, 'North'), (2, 'South');
      INSERT INTO library.branches SELECT n, (ARRAY['Harbour', 'Mill Lane', 'Old Town'])[n],
        ('00000000-0000-4000-8000-00000000000' || n)::uuid, CASE n WHEN 3 THEN 2 ELSE 1 END FROM generate_series(1, 3) n;
      INSERT INTO library.titles SELECT n, 'Title ' || n, 'Author ' || n % 7 FROM generate_series(1, 40) n;
      INSERT INTO library.members SELECT n, n % 3 + 1, 'Member ' || n, 'member' || n || '@example.org' FROM generate_series(1, 60) n;
      INSERT INTO library.loans SELECT n, m.branch_id, m.member_id, n % 40 + 1, date '2026-01-01' + n,
        CASE WHEN n % 4 > 0 THEN date '2026-01-01' + n + 14 END
        FROM generate_series(1, 300) n JOIN library.members m ON m.member_id = n % 60 + 1;`);
  },
};
