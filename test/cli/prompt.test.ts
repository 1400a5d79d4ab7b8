import { PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { askSecretly } from '../../src/cli/prompt.ts';

const real = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};

function terminal(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => stdin });
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  const told: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  return { stdin, told };
}

afterEach(() => {
  vi.restoreAllMocks();
  Object.defineProperty(process, 'stdin', real);
});

test('a password is asked for at the terminal and never shown', async () => {
  const { stdin, told } = terminal(true);
  const answer = askSecretly('Password: ');
  stdin.write('s3cret\n');
  expect(await answer).toBe('s3cret');
  expect(told.join('')).toBe('Password: \n');
});

test('without a terminal the setting that is missing is named', async () => {
  terminal(false);
  await expect(askSecretly('Password of the owner login: ')).rejects.toMatchObject({
    code: 'misconfigured',
    message: 'There is no terminal to ask at: Password of the owner login is missing',
  });
});
