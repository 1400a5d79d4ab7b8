import { describe, expect, test } from 'vitest';
import { createProgressBar } from '../../src/cli/progress-bar.ts';

function screen(columns?: number, isTTY = true) {
  const written: string[] = [];
  return { written, isTTY, write: (text: string) => written.push(text), ...(columns === undefined ? {} : { columns }) };
}

describe('a progress bar on a terminal', () => {
  test('draws the share, the step and the rows over the same line', () => {
    const terminal = screen(100);
    const bar = createProgressBar(terminal);
    bar.update({ step: 'orders', done: 0, total: 8000 });
    bar.update({ step: 'orders', done: 4000, total: 8000 });
    expect(terminal.written).toEqual([
      '\r[------------------------]   0 %  orders 0 of 8,000\u001b[K',
      '\r[############------------]  50 %  orders 4,000 of 8,000\u001b[K',
    ]);
  });

  test('ends the line when the step is done, and the next step gets its own', () => {
    const terminal = screen();
    const bar = createProgressBar(terminal);
    bar.update({ step: 'orders', done: 5, total: 5 });
    bar.update({ step: 'lines', done: 0, total: 2 });
    expect(terminal.written[1]).toBe('\n');
    expect(terminal.written[2]).toContain('lines 0 of 2');
  });

  test('never wraps on a narrow terminal', () => {
    const terminal = screen(20);
    createProgressBar(terminal).update({ step: 'orders', done: 1, total: 9 });
    expect(terminal.written).toEqual(['\r[##----------------\u001b[K']);
  });

  test('writes nothing when nothing has changed', () => {
    const terminal = screen();
    const bar = createProgressBar(terminal);
    bar.update({ step: 'orders', done: 1, total: 9 });
    bar.update({ step: 'orders', done: 1, total: 9 });
    expect(terminal.written).toHaveLength(1);
  });

  test('leaves an interrupted line, once', () => {
    const terminal = screen();
    const bar = createProgressBar(terminal);
    bar.update({ step: 'orders', done: 1, total: 9 });
    bar.end();
    bar.end();
    expect(terminal.written.slice(1)).toEqual(['\n']);
  });

  test('shows an empty step as done', () => {
    const terminal = screen();
    createProgressBar(terminal).update({ step: 'nothing', done: 0, total: 0 });
    expect(terminal.written.join('')).toContain('100 %');
  });
});

test('a log gets one plain line a step, when it is done', () => {
  const log = screen(undefined, false);
  const bar = createProgressBar(log);
  bar.update({ step: 'orders', done: 0, total: 8000 });
  bar.update({ step: 'orders', done: 8000, total: 8000 });
  bar.end();
  expect(log.written).toEqual(['orders: 8,000\n']);
});
