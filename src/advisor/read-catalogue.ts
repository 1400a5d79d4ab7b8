import type { OwnerSession } from '../postgres/database.ts';
import type { Catalogue, Column, ForeignKey, Index, Policy, Table } from './catalogue.ts';

const ours = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;

const columnsOf = `(SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
    'category', t.typcategory::text, 'averageBytes', t.typlen) ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`;

// An index that somebody is building is not a broken one.
const indexesOf = `(SELECT json_agg(json_build_object('schema', ns.nspname, 'name', ic.relname, 'method', am.amname,
    'keys', (SELECT json_agg(json_build_object('text', coalesce(a.attname::text, pg_get_indexdef(i.indexrelid, k, false)),
        'expression', i.indkey[k - 1] = 0,
        'options', concat_ws(' ', CASE WHEN NOT o.opcdefault THEN o.opcname END,
          CASE WHEN i.indcollation[k - 1] IS DISTINCT FROM a.attcollation AND a.attnum IS NOT NULL THEN i.indcollation[k - 1]::text END,
          CASE WHEN i.indoption[k - 1] & 1 = 1 THEN 'DESC' END,
          CASE WHEN i.indoption[k - 1] IN (1) THEN 'NULLS LAST' WHEN i.indoption[k - 1] = 2 THEN 'NULLS FIRST' END)) ORDER BY k)
      FROM generate_series(1, i.indnkeyatts) k JOIN pg_opclass o ON o.oid = i.indclass[k - 1]
      LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND i.indkey[k - 1] <> 0),
    'include', (SELECT coalesce(json_agg(a.attname ORDER BY k), '[]') FROM generate_series(i.indnkeyatts + 1, i.indnatts) k
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1]),
    'predicate', pg_get_expr(i.indpred, i.indrelid), 'unique', i.indisunique,
    'needed', i.indisreplident OR EXISTS (SELECT FROM pg_constraint r WHERE r.conindid = i.indexrelid)
      OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid OR h.inhparent = i.indexrelid),
    'valid', i.indisvalid AND i.indisready, 'bytes', pg_relation_size(i.indexrelid), 'scans', coalesce(si.idx_scan, 0),
    'building', EXISTS (SELECT FROM pg_stat_progress_create_index b WHERE b.index_relid = i.indexrelid),
    'definition', pg_get_indexdef(i.indexrelid)) ORDER BY ic.relname)
  FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_namespace ns ON ns.oid = ic.relnamespace
  JOIN pg_am am ON am.oid = ic.relam LEFT JOIN pg_stat_all_indexes si ON si.indexrelid = i.indexrelid WHERE i.indrelid = c.oid)`;

const foreignKeysOf = `(SELECT json_agg(json_build_object('name', f.conname, 'references', f.confrelid::regclass::text,
    'columns', (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(f.conkey) WITH ORDINALITY k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number),
    'parentDeleted', (SELECT coalesce(sum(p.n_tup_del), 0) FROM pg_stat_all_tables p WHERE p.relid = f.confrelid)) ORDER BY f.conname)
  FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.conparentid = 0)`;

const policiesOf = `(SELECT json_agg(json_build_object('using', p.qual, 'roles', p.roles::text[]))
  FROM pg_policies p WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND p.permissive = 'PERMISSIVE'
    AND p.cmd IN ('ALL', 'SELECT') AND p.qual IS NOT NULL AND c.relrowsecurity)`;

const tables = `SELECT json_build_object('schema', n.nspname, 'name', c.relname, 'columns', ${columnsOf}, 'pages',
    pg_relation_size(c.oid) / current_setting('block_size')::int, 'rows', c.reltuples, 'pagesThen', c.relpages, 'partitioned', c.relkind = 'p',
    'indexes', ${indexesOf}, 'foreignKeys', ${foreignKeysOf}, 'policies', ${policiesOf},
    'writes', json_build_object('inserted', coalesce(s.n_tup_ins, 0), 'updated', coalesce(s.n_tup_upd, 0),
      'hotUpdated', coalesce(s.n_tup_hot_upd, 0), 'deleted', coalesce(s.n_tup_del, 0)),
    'live', coalesce(s.n_live_tup, 0), 'modifiedSinceAnalyse', coalesce(s.n_mod_since_analyze, 0),
    'analysed', c.reltuples >= 0, 'analyseTold', s.last_analyze IS NOT NULL OR s.last_autoanalyze IS NOT NULL)::text AS told
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'p', 'm') AND ${ours} ORDER BY n.nspname, c.relname`;

/** Objects below 16384 are PostgreSQL's own: https://doxygen.postgresql.org/transam_8h_source.html */
const own = (catalog: string, name: string) => `SELECT DISTINCT o.${name}::text AS name FROM ${catalog} o WHERE o.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e')`;

type Told = Omit<Table, 'indexes' | 'foreignKeys' | 'policies' | 'columns'> & {
  readonly columns: Column[] | null;
  readonly indexes: (Omit<Index, 'predicate'> & { readonly predicate: string | null })[] | null;
  readonly foreignKeys: ForeignKey[] | null;
  readonly policies: Policy[] | null;
};

/** Reads catalogs and statistics only; any login may. */
export async function readCatalogue(session: Pick<OwnerSession, 'query'>): Promise<Catalogue> {
  const told = (await session.query(tables)).map(({ told }) => toTable(JSON.parse(told ?? '') as Told));
  const functions = await session.query(
    `SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'pg_catalog' AND p.prokind = 'f' GROUP BY p.proname HAVING bool_and(p.provolatile = 'i')`,
  );
  const ownFunctions = await session.query(own('pg_proc', 'proname'));
  const ownOperators = await session.query(own('pg_operator', 'oprname'));
  const [trigram] = await session.query(
    "SELECT n.nspname::text AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'",
  );
  const [counted] = await session.query(
    `SELECT extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::int8::text AS seconds
     FROM pg_stat_database WHERE datname = current_database()`,
  );
  return {
    tables: told,
    immutableFunctions: new Set(functions.map(({ name }) => name ?? '')),
    ownFunctions: new Set(ownFunctions.map(({ name }) => name ?? '')),
    ownOperators: new Set(ownOperators.map(({ name }) => name ?? '')),
    trigramSchema: trigram?.name ?? undefined,
    countedForSeconds: Math.max(1, Number(counted?.seconds ?? 1)),
  };
}

/** A row's header and place (https://www.postgresql.org/docs/17/storage-page-layout.html), and what a number of no fixed length takes. */
const rowBytes = 28;
const otherBytes = 16;

/** Texts share what the columns of known length leave of an average row. */
function withWidths(columns: readonly Column[], bytesPerRow: number): Column[] {
  const isText = ({ averageBytes, category }: Column) => averageBytes < 0 && category === 'S';
  const widthOf = (column: Column) => (column.averageBytes > 0 ? column.averageBytes : otherBytes);
  const known = columns.filter((column) => !isText(column)).reduce((sum, column) => sum + widthOf(column), rowBytes);
  const text = Math.max(otherBytes, (bytesPerRow - known) / Math.max(1, columns.filter(isText).length));
  return columns.map((column) => ({ ...column, averageBytes: isText(column) ? text : widthOf(column) }));
}

function toTable(told: Told): Table {
  // A table that nobody has analysed has no count of rows yet: about a hundred bytes a row, unless somebody counted the changes.
  const rows = told.rows >= 0 ? told.rows : Math.max(told.live, told.pages * 80);
  return {
    ...told,
    rows,
    columns: withWidths(told.columns ?? [], (told.pages * 8192) / Math.max(1, rows)),
    indexes: (told.indexes ?? []).map(({ predicate, ...index }) => ({
      ...index,
      predicate: predicate ?? undefined,
      building: index.building && !index.valid,
    })),
    foreignKeys: told.foreignKeys ?? [],
    policies: told.policies ?? [],
  };
}
