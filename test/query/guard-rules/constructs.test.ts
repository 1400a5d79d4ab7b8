import { describe, expect, test } from 'vitest';
import { createGuard } from '../../../src/query/guard.ts';
import { retailDefinition } from '../../../src/retail/definition.ts';
import { refusalOf } from '../../support/refusal.ts';

const [reader] = retailDefinition.readerRoles;
const guard = await createGuard({ definition: retailDefinition, serverMajor: 18 });

describe('what is not allowed is called by the name that its writer knows, with what to write instead', () => {
  test.each([
    ['SELECT order_id FROM orders WHERE order_id = $1', 'A parameter ($1)', 'as a literal', '$1'],
    ["SELECT 'into x' AS a, 1 INTO kept", 'SELECT INTO', 'Leave INTO out', 'INTO kept'],
    ['SELECT order_id FROM orders FOR UPDATE', 'A locking clause', 'only reads', 'FOR UPDATE'],
    ['SELECT order_id FROM orders FOR NO KEY UPDATE', 'A locking clause', 'only reads', 'FOR NO'],
    ['SELECT order_id FROM orders FOR KEY SHARE', 'A locking clause', 'only reads', 'FOR KEY'],
    ['SELECT order_id FROM orders ORDER BY 1 FETCH FIRST 2 ROWS WITH TIES', 'WITH TIES', 'rank() OVER', 'WITH TIES'],
    ['SELECT count(*) FROM orders GROUP BY DISTINCT ROLLUP (store_id)', 'GROUP BY DISTINCT', 'GROUPING SETS', 'BY DISTINCT'],
    ['SELECT (ARRAY[1, 2])[1:2]', 'An array slice', 'unnest', undefined],
    ["SELECT '1'::SETOF int", 'SETOF', 'Leave it out', 'int'],
    ['SELECT 1 FROM zava.retail.orders', 'A database name before a table', 'Name the table alone', 'zava'],
    ['SELECT current_user', 'Session information', 'Leave it out', 'current_user'],
    ["SELECT x.a FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS a text) x", 'XMLTABLE', 'JSON functions', 'XMLTABLE'],
    ['SELECT xmlelement(NAME a)', 'An XML expression', 'JSON functions', 'xmlelement'],
    ["SELECT xmlserialize(CONTENT '<a/>' AS text)", 'XMLSERIALIZE', 'JSON functions', 'xmlserialize'],
    ['SELECT * FROM (VALUES (DEFAULT)) v', 'DEFAULT', 'Write the value', 'DEFAULT'],
    ['SELECT merge_action()', 'MERGE_ACTION()', 'only reads', 'merge_action'],
    [
      'WITH w AS (INSERT INTO orders VALUES (1) RETURNING 1) SELECT 1 FROM w',
      'A data-changing CTE (INSERT)',
      'use SELECT in WITH',
      undefined,
    ],
    [
      'WITH w AS (UPDATE orders SET store_id = 1 RETURNING 1) SELECT 1 FROM w',
      'A data-changing CTE (UPDATE)',
      'use SELECT in WITH',
      undefined,
    ],
    [
      'WITH w AS (DELETE FROM orders RETURNING 1) SELECT 1 FROM w',
      'A data-changing CTE (DELETE)',
      'use SELECT in WITH',
      undefined,
    ],
    [
      'WITH w AS (MERGE INTO orders o USING stores s ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1 FROM w',
      'A data-changing CTE (MERGE)',
      'use SELECT in WITH',
      undefined,
    ],
  ])('%s', (sql, name, hint, place) => {
    const { message, hint: said } = refusalOf(() => guard.approve(sql, reader!));
    expect(message.startsWith(name)).toBe(true);
    expect(said).toContain(hint);
    if (place !== undefined) expect(message).toContain(`(at position ${sql.indexOf(place) + 1})`);
  });
});
