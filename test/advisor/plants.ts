import type { OwnerSession } from '../../src/postgres/database.ts';

/** A mistake of a schema that has nothing to do with shops, with what a database administrator would answer. */
export interface Plant {
  readonly problem: string;
  readonly table: string;
  readonly make: string;
  /** Asked for as the owner of everything, or as a reader whom row-level security holds. */
  readonly ask?: { readonly as?: 'reader'; readonly times: number; readonly sql: (turn: number) => string };
  /** What the advised index is, or what is said of the table. */
  readonly expected: RegExp;
}

/** The same, but nothing is wrong. */
export interface Temptation extends Omit<Plant, 'expected' | 'problem'> {
  readonly nothing: string;
}

const filler = `repeat('lorem ipsum ', 6)`;

export const plants: readonly Plant[] = [
  {
    problem: 'equality and a range, in the order of the range',
    table: 'shipment',
    make: `CREATE TABLE harbour.shipment (id int, berth int, arrived timestamptz, note text);
      INSERT INTO harbour.shipment SELECT i, i % 200, '2026-01-01'::timestamptz + i * interval '1 minute', ${filler} FROM generate_series(1, 60000) i;`,
    ask: {
      times: 12,
      sql: (turn) =>
        `SELECT id, note FROM harbour.shipment WHERE berth = ${turn} AND arrived >= '2026-01-${10 + turn}' ORDER BY arrived DESC LIMIT 20`,
    },
    expected: /ON harbour\.shipment \(berth, arrived\)$/,
  },
  {
    problem: 'a sum over many rows of one key, for which the table is visited',
    table: 'reading',
    make: `CREATE TABLE harbour.reading (id int, gauge int, level int, note text);
      INSERT INTO harbour.reading SELECT i, i % 40, i % 977, ${filler} FROM generate_series(1, 80000) i;
      CREATE INDEX reading_gauge ON harbour.reading (gauge);`,
    ask: { times: 12, sql: (turn) => `SELECT sum(level) FROM harbour.reading WHERE gauge = ${turn}` },
    expected: /ON harbour\.reading \(gauge\) INCLUDE \(level\)$|ON harbour\.reading \(gauge, level\)$/,
  },
  {
    problem: 'a state that few rows are in',
    table: 'job',
    make: `CREATE TABLE harbour.job (id int, state text, due timestamptz, note text);
      INSERT INTO harbour.job SELECT i, CASE WHEN i % 100 = 0 THEN 'waiting' WHEN i % 333 = 0 THEN 'failed' ELSE 'done' END,
        '2026-01-01'::timestamptz + (i * 7919 % 60000) * interval '1 minute', ${filler} FROM generate_series(1, 60000) i;`,
    ask: { times: 12, sql: () => `SELECT id, note FROM harbour.job WHERE state = 'waiting' ORDER BY due LIMIT 10` },
    expected: /ON harbour\.job \(due\)( INCLUDE \([^)]*\))? WHERE state <> 'done'$/,
  },
  {
    problem: 'rows that are still open, among many closed ones',
    table: 'berthing',
    make: `CREATE TABLE harbour.berthing (id int, vessel int, left_at timestamptz, note text);
      INSERT INTO harbour.berthing SELECT i, i % 500, CASE WHEN i % 80 = 0 THEN NULL ELSE '2026-01-01'::timestamptz + i * interval '1 minute' END, ${filler}
        FROM generate_series(1, 60000) i;`,
    ask: { times: 12, sql: () => 'SELECT id, note FROM harbour.berthing WHERE left_at IS NULL ORDER BY vessel LIMIT 50' },
    expected: /ON harbour\.berthing \(vessel\) WHERE left_at IS NULL$/,
  },
  {
    problem: 'a comparison of what a function makes of the column',
    table: 'captain',
    make: `CREATE TABLE harbour.captain (id int, email text, note text);
      INSERT INTO harbour.captain SELECT i, 'Captain' || i || '@Sea.example', ${filler} FROM generate_series(1, 40000) i;
      CREATE INDEX captain_email ON harbour.captain (email);`,
    ask: {
      times: 12,
      sql: (turn) => `SELECT id, note FROM harbour.captain WHERE lower(email) = lower('CAPTAIN${turn}@sea.example')`,
    },
    expected: /ON harbour\.captain \(\(lower\(email\)\)\)$/,
  },
  {
    problem: 'a pattern within a text',
    table: 'cargo',
    make: `CREATE TABLE harbour.cargo (id int, label text, note text);
      INSERT INTO harbour.cargo SELECT i, md5(i::text), ${filler} FROM generate_series(1, 40000) i;`,
    ask: { times: 12, sql: (turn) => `SELECT id, note FROM harbour.cargo WHERE label LIKE '%ab${turn}cd%'` },
    expected: /ON harbour\.cargo USING gin \(label extensions\.gin_trgm_ops\)$/,
  },
  {
    problem: 'a join by a foreign key without an index',
    table: 'container',
    make: `CREATE TABLE harbour.manifest (id int PRIMARY KEY, code text UNIQUE);
      INSERT INTO harbour.manifest SELECT i, 'M' || i FROM generate_series(1, 5000) i;
      CREATE TABLE harbour.container (id int, manifest_id int REFERENCES harbour.manifest, weight int, note text);
      INSERT INTO harbour.container SELECT i, 1 + i % 5000, i % 900, ${filler} FROM generate_series(1, 60000) i;`,
    ask: {
      times: 12,
      sql: (turn) =>
        `SELECT c.id, c.note FROM harbour.manifest m JOIN harbour.container c ON c.manifest_id = m.id WHERE m.code = 'M${turn + 1}'`,
    },
    expected: /ON harbour\.container \(manifest_id\)$/,
  },
  {
    problem: 'deletions that look for what refers to them',
    table: 'mooring',
    make: `CREATE TABLE harbour.bollard (id int PRIMARY KEY); INSERT INTO harbour.bollard SELECT i FROM generate_series(1, 500) i;
      CREATE TABLE harbour.mooring (id int, bollard_id int REFERENCES harbour.bollard, note text);
      INSERT INTO harbour.mooring SELECT i, 1 + i % 400, ${filler} FROM generate_series(1, 20000) i;
      DELETE FROM harbour.bollard WHERE id > 450;`,
    expected: /ON harbour\.mooring \(bollard_id\)$/,
  },
  {
    problem: 'something within documents',
    table: 'declaration',
    make: `CREATE TABLE harbour.declaration (id int, goods jsonb, note text);
      INSERT INTO harbour.declaration SELECT i, jsonb_build_object('kind', i % 3000, 'weight', i), ${filler} FROM generate_series(1, 30000) i;`,
    ask: { times: 12, sql: (turn) => `SELECT id, note FROM harbour.declaration WHERE goods @> '{"kind": ${turn}}'` },
    expected: /ON harbour\.declaration USING gin \(goods\)$/,
  },
  {
    problem: 'the newest few rows of a long table',
    table: 'log_entry',
    make: `CREATE TABLE harbour.log_entry (id int, happened timestamptz, note text);
      INSERT INTO harbour.log_entry SELECT i, '2026-01-01'::timestamptz + (i * 7919 % 60000) * interval '1 minute', ${filler} FROM generate_series(1, 60000) i;`,
    ask: { times: 12, sql: () => 'SELECT id, note FROM harbour.log_entry ORDER BY happened DESC LIMIT 10' },
    expected: /ON harbour\.log_entry \(happened\)$/,
  },
  {
    problem: 'a tenant’s rows by row-level security, which the statement does not name',
    table: 'permit',
    make: `CREATE TABLE harbour.permit (id int, agency int, kind int, note text);
      INSERT INTO harbour.permit SELECT i, i % 50, i / 50 % 30, ${filler} FROM generate_series(1, 60000) i;
      ALTER TABLE harbour.permit ENABLE ROW LEVEL SECURITY;
      GRANT SELECT ON harbour.permit TO zavatest_reader, zavatest_operator;
      CREATE POLICY permit_of_agency ON harbour.permit FOR SELECT TO zavatest_reader
        USING (agency = ANY ((SELECT string_to_array(current_setting('harbour.agency'), ','))::int[]));
      CREATE POLICY permit_operator ON harbour.permit FOR SELECT TO zavatest_operator USING (true);`,
    ask: { as: 'reader', times: 12, sql: (turn) => `SELECT id, note FROM harbour.permit WHERE kind = ${turn}` },
    expected: /ON harbour\.permit \(agency, kind\)$/,
  },
  {
    problem: 'a tenant that has most of the table',
    table: 'invoice',
    make: `CREATE TABLE harbour.invoice (id int, agency int, debtor int, note text);
      INSERT INTO harbour.invoice SELECT i, CASE WHEN i % 10 < 8 THEN 1 ELSE i % 97 END, i % 4999, ${filler} FROM generate_series(1, 60000) i;
      CREATE INDEX invoice_agency ON harbour.invoice (agency);`,
    ask: { times: 12, sql: (turn) => `SELECT id, note FROM harbour.invoice WHERE agency = 1 AND debtor = ${turn * 10 + 1}` },
    expected: /ON harbour\.invoice \((agency, debtor|debtor, agency|debtor)\)$/,
  },
  {
    problem: 'an index whose keys another one begins with',
    table: 'crane',
    make: `CREATE TABLE harbour.crane (id int PRIMARY KEY, quay int, height int);
      INSERT INTO harbour.crane SELECT i, i % 7, i % 50 FROM generate_series(1, 3000) i;
      CREATE INDEX crane_quay ON harbour.crane (quay); CREATE INDEX crane_quay_height ON harbour.crane (quay, height);`,
    expected: /^redundant harbour\.crane_quay: harbour\.crane_quay_height does all that it does$/,
  },
  {
    problem: 'an index that was not built to its end',
    table: 'rope',
    make: `CREATE TABLE harbour.rope (id int, length int); INSERT INTO harbour.rope SELECT i, i % 100 FROM generate_series(1, 3000) i;`,
    expected: /^INVALID harbour\.rope_length: a concurrent build did not end/,
  },
  {
    problem: 'statistics of before most rows came',
    table: 'tide',
    make: `CREATE TABLE harbour.tide (id int, height int) WITH (autovacuum_enabled = off);
      INSERT INTO harbour.tide SELECT i, i FROM generate_series(1, 100) i; ANALYZE harbour.tide;
      INSERT INTO harbour.tide SELECT i, i FROM generate_series(1, 20000) i;`,
    expected: /^ANALYZE harbour\.tide; 20[01]00 rows changed since it was analysed with 100 rows$/,
  },
];

export const temptations: readonly Temptation[] = [
  {
    nothing: 'a small table',
    table: 'flag',
    make: `CREATE TABLE harbour.flag (id int, country text); INSERT INTO harbour.flag SELECT i, 'C' || i FROM generate_series(1, 150) i;`,
    ask: { times: 40, sql: (turn) => `SELECT id FROM harbour.flag WHERE country = 'C${turn}'` },
  },
  {
    nothing: 'a column of two values',
    table: 'buoy',
    make: `CREATE TABLE harbour.buoy (id int, lit boolean, side text, note text);
      INSERT INTO harbour.buoy SELECT i, i % 2 = 0, CASE WHEN i % 2 = 0 THEN 'port' ELSE 'starboard' END, ${filler} FROM generate_series(1, 30000) i;`,
    ask: {
      times: 12,
      sql: (turn) => `SELECT id, note FROM harbour.buoy WHERE side = '${turn % 2 === 0 ? 'port' : 'starboard'}'`,
    },
  },
  {
    nothing: 'heavy writes and rare reads',
    table: 'whereabouts',
    make: `CREATE TABLE harbour.whereabouts (id int, vessel int, at int, note text);
      INSERT INTO harbour.whereabouts SELECT i, i % 700, i, ${filler} FROM generate_series(1, 20000) i;
      DELETE FROM harbour.whereabouts; INSERT INTO harbour.whereabouts SELECT i, i % 700, i, ${filler} FROM generate_series(1, 20000) i;
      DELETE FROM harbour.whereabouts; INSERT INTO harbour.whereabouts SELECT i, i % 700, i, ${filler} FROM generate_series(1, 20000) i;`,
    ask: { times: 6, sql: (turn) => `SELECT id, note FROM harbour.whereabouts WHERE vessel = ${turn}` },
  },
  {
    nothing: 'an index that is there',
    table: 'pilot',
    make: `CREATE TABLE harbour.pilot (id int, licence int, note text);
      INSERT INTO harbour.pilot SELECT i, i % 2000, ${filler} FROM generate_series(1, 40000) i;
      CREATE INDEX pilot_licence ON harbour.pilot (licence);`,
    ask: { times: 40, sql: (turn) => `SELECT id, note FROM harbour.pilot WHERE licence = ${turn}` },
  },
  {
    nothing: 'the beginning of an index that is there',
    table: 'tug',
    make: `CREATE TABLE harbour.tug (id int, yard int, year int, note text);
      INSERT INTO harbour.tug SELECT i, i % 2000, i % 50, ${filler} FROM generate_series(1, 40000) i;
      CREATE INDEX tug_yard_year ON harbour.tug (yard, year);`,
    ask: { times: 40, sql: (turn) => `SELECT id, note FROM harbour.tug WHERE yard = ${turn}` },
  },
];

/** Makes everything, and asks as people would have asked since. */
export async function sow(admin: OwnerSession, reader: OwnerSession): Promise<void> {
  await admin.script(
    'CREATE SCHEMA harbour; GRANT USAGE ON SCHEMA harbour TO zavatest_reader, zavatest_operator, zavatest_owner',
  );
  for (const { make } of [...plants, ...temptations]) await admin.script(make);
  await admin.query('SELECT pg_stat_force_next_flush()');
  const failing = 'CREATE UNIQUE INDEX CONCURRENTLY rope_length ON harbour.rope (length)';
  await admin.script(failing).catch(() => {});
  for (const { table } of [...plants, ...temptations]) if (table !== 'tide') await admin.query(`VACUUM ANALYZE harbour.${table}`);
  await admin.script('GRANT SELECT ON ALL TABLES IN SCHEMA harbour TO zavatest_operator');
  await reader.script("SET harbour.agency = '7'; SET default_transaction_read_only = off");
  for (const { ask } of [...plants, ...temptations]) {
    const session = ask?.as === 'reader' ? reader : admin;
    for (let turn = 0; turn < (ask?.times ?? 0); turn += 1) await session.query(ask?.sql(turn) ?? '');
  }
  await admin.query('SELECT pg_stat_force_next_flush()');
  await admin.query('SELECT 1');
}
