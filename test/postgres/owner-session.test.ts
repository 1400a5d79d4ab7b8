import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmptyDatabase, onEveryDatabase } from '../support/databases.ts';

onEveryDatabase('A session of the owner', (tier) => {
  let db: EmptyDatabase;
  beforeAll(async () => {
    db = await tier.openEmpty();
    await db.owner.script('CREATE SCHEMA try; CREATE TABLE try.rows (id int, note text, amount numeric(10,2), day date)');
  });
  afterAll(() => db.close());

  const columns = [
    { name: 'id', type: 'int4' },
    { name: 'note', type: 'text' },
    { name: 'amount', type: 'numeric(10,2)' },
    { name: 'day', type: 'date' },
  ];

  test('answers in PostgreSQL’s own text', async () => {
    const [row] = await db.owner.query(
      "SELECT 1 AS a, 1.50 AS b, true AS c, date '2024-02-29' AS d, NULL AS e, ARRAY[1,2] AS f, '{\"a\": 1}'::jsonb AS g, 9007199254740993 AS h, $1::text AS i, 1::float8 AS j, interval '1 day' AS k, now() > '2020-01-01' AS l",
      ['x'],
    );
    expect(row).toEqual({
      a: '1',
      b: '1.50',
      c: 't',
      d: '2024-02-29',
      e: null,
      f: '{1,2}',
      g: '{"a": 1}',
      h: '9007199254740993',
      i: 'x',
      j: '1',
      k: '1 day',
      l: 't',
    });
  });

  test('loads rows in bulk, whatever stands in them', async () => {
    const notes = [
      'plain',
      "O'Brien",
      'tab\there',
      'line\nbreak\r',
      'back\\slash',
      '"quoted", {braces}',
      '\\N',
      'NULL',
      '',
      'äöü 漢 😀',
      null,
    ];
    await db.owner.copyRows(
      'try.rows',
      columns,
      notes.map((note, id) => [id, note, `${id}.50`, id % 2 === 0 ? '2024-02-29' : null]),
    );
    const rows = await db.owner.query('SELECT * FROM try.rows ORDER BY id');
    expect(rows.map((row) => row.note)).toEqual(notes);
    expect(rows[3]).toEqual({ id: '3', note: 'line\nbreak\r', amount: '3.50', day: null });
    await db.owner.script('TRUNCATE try.rows');
  });

  test('loads many rows without holding them all', async () => {
    function* many() {
      for (let id = 0; id < 12_345; id += 1) yield [id, 'x'.repeat(40), null, null];
    }
    await db.owner.copyRows('try.rows', columns, many());
    expect(await db.owner.query('SELECT count(*) AS n, max(id) AS last FROM try.rows')).toEqual([{ n: '12345', last: '12344' }]);
    await db.owner.script('TRUNCATE try.rows');
  });

  test('tells what is wrong with a row, and goes on', async () => {
    await expect(db.owner.copyRows('try.rows', columns, [['no number', null, null, null]])).rejects.toMatchObject({
      code: '22P02',
    });
    await expect(db.owner.copyRows('try.nowhere', columns, [[1, null, null, null]])).rejects.toMatchObject({ code: '42P01' });
    await expect(db.owner.script('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    expect(await db.owner.query('SELECT count(*) AS n FROM try.rows')).toEqual([{ n: '0' }]);
  });
});
