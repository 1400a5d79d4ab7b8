import { expect, test } from 'vitest';
import { textChart } from '../../src/metrics/chart.ts';

test('figures over time are a line for each group', () => {
  const rowsJson =
    '[["A","2025-01-01",0.00],["A","2025-02-01",70.5],["A","2025-03-01",35],["B, \\"b\\"","2025-01-01",5],["B, \\"b\\"","2025-02-01",5],["B, \\"b\\"","2025-03-01",5]]';
  expect(textChart({ rowsJson, labels: 1, hasTime: true })).toBe('▁█▄ A\n▁▁▁ B, "b"');
  expect(textChart({ rowsJson: '[["2025-01-01",3],["2025-02-01",null]]', labels: 0, hasTime: true })).toBe('█▁');
});

test('figures of groups are a bar each', () => {
  const chart = textChart({
    rowsJson: '[["X",true,100],["Y",false,50],["Z",true,-25],["W",false,null]]',
    labels: 2,
    hasTime: false,
  });
  expect(chart?.split('\n').map((line) => [line.lastIndexOf('█') + 1, line.slice(25)])).toEqual([
    [24, 'X true'],
    [12, 'Y false'],
    [6, 'Z true'],
    [0, 'W false'],
  ]);
});

test('nothing is drawn of one row, of nothing, of zeros a flat line, or of more than can be read', () => {
  expect(textChart({ rowsJson: '[["X",1]]', labels: 1, hasTime: false })).toBeUndefined();
  expect(textChart({ rowsJson: '[]', labels: 1, hasTime: false })).toBeUndefined();
  expect(
    textChart({ rowsJson: `[${Array.from({ length: 21 }, (_, index) => `["${index}",1]`).join()}]`, labels: 1, hasTime: false }),
  ).toBeUndefined();
  expect(textChart({ rowsJson: '[["X",0],["Y",0]]', labels: 1, hasTime: false })).toMatch(/^·+ X\n·+ Y$/);
});
