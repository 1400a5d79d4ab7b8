import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { AppError } from '../core/errors.ts';

/** Asks at the terminal without showing what is typed. */
export async function askSecretly(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new AppError('misconfigured', `There is no terminal to ask at: ${question.replace(/:\s*$/, '')} is missing`, {
      hint: 'Give POSTGRES_PASSWORD, and POSTGRES_OWNER_URL and POSTGRES_OPERATOR_URL with their passwords, in the environment.',
    });
  }
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await prompt.question('');
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
