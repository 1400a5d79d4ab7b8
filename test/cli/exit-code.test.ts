import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { exitCodeOf, explain } from '../../src/cli/exit-code.ts';
import { AppError } from '../../src/core/errors.ts';

test.each([
  [new AppError('misconfigured', 'x'), 78],
  [new AppError('forbidden', 'x'), 2],
  [new AppError('invalid_input', 'x'), 2],
  [new AppError('dependency_unavailable', 'x'), 1],
  [new CommanderError(0, 'commander.help', 'help'), 0],
  [new CommanderError(1, 'commander.unknownOption', 'x'), 2],
  [new Error('x'), 1],
  ['x', 1],
])('%s ends the process with %i', (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

test('a person is told what happened, what to do, and what was behind it', () => {
  const error = new AppError('dependency_unavailable', 'No database', { hint: 'Start it.', cause: new Error('ECONNREFUSED') });
  expect(explain(error)).toBe('No database\nStart it.\n  cause: ECONNREFUSED\n');
  expect(explain(new AppError('internal', 'Odd', { cause: 'text' }))).toBe('Odd\n');
});

test('a fault of ours comes with its stack, whatever was thrown', () => {
  expect(explain(new Error('odd'))).toMatch(/^Error: odd\n\s+at /);
  expect(explain(Object.assign(new Error('bare'), { stack: undefined }))).toBe('bare\n');
  expect(explain('text')).toBe('text\n');
});
