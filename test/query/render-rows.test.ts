import { describe, expect, test } from 'vitest';
import type { TenantResult } from '../../src/postgres/database.ts';
import { renderRows } from '../../src/query/render-rows.ts';
import type { TypeCatalog } from '../../src/query/type-catalog.ts';

const types: TypeCatalog = new Map([
  [23, { name: 'int4', elementOid: 0, carriesText: true }],
  [25, { name: 'text', elementOid: 0, carriesText: true }],
]);
const result = (rows: (string | null)[][], truncated = false): TenantResult => ({
  verifiedTenantIds: [1],
  columns: [
    { name: 'a', typeOid: 23, tableOid: 0, columnNumber: 0 },
    { name: 'a', typeOid: 25, tableOid: 0, columnNumber: 0 },
    { name: 'b', typeOid: 99, tableOid: 0, columnNumber: 0 },
  ],
  rows,
  truncated,
});

describe('Rows', () => {
  test('become one compact block with named types', () => {
    expect(
      renderRows(
        result([
          ['1', 'x', null],
          [null, '"', 'y'],
        ]),
        types,
        1000,
      ),
    ).toEqual({
      columns: [
        { name: 'a', type: 'int4' },
        { name: 'a', type: 'text' },
        { name: 'b', type: 'unknown' },
      ],
      rowsJson: '[[1,"x",null],[null,"\\"","y"]]',
      rowCount: 2,
      truncated: false,
    });
  });

  test('none at all are an empty list', () => {
    expect(renderRows(result([]), types, 1000)).toMatchObject({ rowsJson: '[]', rowCount: 0, truncated: false });
  });

  test('that were cut on the way stay truncated', () => {
    expect(renderRows(result([['1', 'x', null]], true), types, 1000).truncated).toBe(true);
  });

  test('are cut at the last one that fits, counted in bytes of JSON', () => {
    const rows = result([
      ['1', 'ä', 'y'],
      ['2', 'ä', 'y'],
    ]);
    const one = Buffer.byteLength('[1,"ä","y"]') + 1;
    expect(renderRows(rows, types, 2 * one)).toMatchObject({ rowCount: 2, truncated: false });
    expect(renderRows(rows, types, 2 * one - 1)).toMatchObject({ rowsJson: '[[1,"ä","y"]]', rowCount: 1, truncated: true });
    expect(renderRows(rows, types, one - 1)).toMatchObject({ rowsJson: '[]', rowCount: 0, truncated: true });
  });
});
