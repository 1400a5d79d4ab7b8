import { TestRunner } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** What the server answered to the attack that the test makes; the security report prints it. */
    answer?: string;
  }
}

/** The last one counts: the refusal, where a test makes sure before that the thing would have worked. */
export function recordAnswer(answer: string): void {
  const test = TestRunner.getCurrentTest();
  if (test !== undefined) test.meta.answer = answer;
}

/** Status and error code, as the caller sees them. */
export function answerInWords(status: number, body: string): string {
  const code = /"code":"([a-z_]+)"/.exec(body)?.[1];
  return code === undefined ? String(status) : `${status} ${code}`;
}
