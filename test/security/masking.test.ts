import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { auditRecord } from '../../src/audit/record.ts';
import { AppError, toErrorBody } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import { jsonRpcRefusal, plainRefusal } from '../../src/http/error-response.ts';
import { errorAnswer } from '../../src/mcp/tool-result.ts';
import { createCrashReport } from '../../src/telemetry/crash-report.ts';
import { createLogFile } from '../../src/telemetry/log-file.ts';
import { createLogSink } from '../../src/telemetry/log-sink.ts';
import { mask } from '../../src/telemetry/mask.ts';
import { secretForms } from '../support/secrets.ts';

const folder = await mkdtemp(join(tmpdir(), 'masking-'));
afterAll(() => rm(folder, { recursive: true }));
const clock = { now: () => 0, monotonic: () => 0 };

/** The same text wherever a text can stand in what the server notes. */
function everywhere(text: string): Observation[] {
  const driver = Object.assign(new Error(`driver: ${text}`), { detail: text, parameters: [text], config: { nested: { text } } });
  const app = new AppError('dependency_unavailable', text, { hint: text, cause: driver });
  return [
    { kind: 'fault_met', requestId: text, where: text, error: app },
    { kind: 'fault_met', where: 'x', error: new AggregateError([driver, text], text) },
    { kind: 'fault_met', where: 'x', error: { odd: [text, new Map([[text, { text }]])], url: text } },
    { kind: 'fault_met', where: 'x', error: text },
    { kind: 'request_refused', requestId: 'r', code: 'forbidden', httpStatus: 403, message: text, peer: text },
    { kind: 'tool_called', requestId: 'r', subject: text, tool: text, outcome: 'failed', code: 'internal', durationMs: 1 },
    { kind: 'slow_query', fingerprint: 'f', text, durationMs: 1, rowCount: 1 },
    { kind: 'server_started', transport: 'http', version: '1', address: text },
    { kind: 'server_stopped', reason: text },
  ];
}

/** As it stands, and as JSON writes it. */
const present = (output: string, gone: string) => output.includes(gone) || output.includes(JSON.stringify(gone).slice(1, -1));

test('there are forty forms of secrets and more', () => {
  expect(secretForms.length).toBeGreaterThanOrEqual(40);
  expect(new Set(secretForms.map(({ name }) => name)).size).toBe(secretForms.length);
});

describe.each(secretForms)('$name', ({ name, text, gone }) => {
  test('does not reach the log, on a stream or in a file', async () => {
    const stream = new PassThrough();
    const path = join(folder, `${name.replaceAll(/\W/g, '-')}.log`);
    const file = createLogFile({ path, onFailure: (error) => expect.unreachable(error.message) });
    const tee = {
      write(line: string) {
        stream.write(line);
        file.write(line);
      },
    };
    const note = createLogSink({ stream: tee, clock });
    for (const observation of everywhere(text)) note(observation);
    file.close();
    const streamed = String(stream.read());
    expect(streamed.trimEnd().split('\n')).toHaveLength(everywhere(text).length);
    for (const line of streamed.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(present(streamed, gone)).toBe(false);
    expect(await readFile(path, 'utf8')).toBe(streamed);
  });

  test('does not reach a caller as the cause of an error', () => {
    const failures = [
      new Error(text),
      new AppError('internal', text, { hint: text }),
      new AppError('overloaded', 'Busy', { cause: new Error(text) }),
      text,
    ];
    for (const failure of failures) {
      const answers = [
        jsonRpcRefusal(failure, { requestId: 'r' }).body,
        plainRefusal(failure, 'r').body,
        JSON.stringify(errorAnswer(toErrorBody(failure, 'r'))),
      ];
      for (const answer of answers) expect(present(answer, gone)).toBe(false);
    }
  });

  test('does not reach the audit trail in a detail', () => {
    const options = { occurredAtMs: 0, fingerprint: () => 'f', mask };
    const records = [
      auditRecord({ kind: 'tokens_revoked', by: 'jti', value: text, reason: text }, options),
      auditRecord({ kind: 'schema_migrated', by: 'owner', version: 1, name: text }, options),
      auditRecord(
        { kind: 'request_refused', requestId: 'r', code: 'unauthenticated', httpStatus: 401, message: text, peer: text },
        options,
      ),
      auditRecord(
        { kind: 'tool_called', requestId: 'r', subject: 's', tool: 't', outcome: 'answered', durationMs: 1, statement: text },
        options,
      ),
    ];
    expect(records.every((record) => record !== undefined)).toBe(true);
    expect(present(JSON.stringify(records), gone)).toBe(false);
  });

  test('does not reach the last line of a crashing process', () => {
    let output = '';
    const report = createCrashReport({
      write: (line) => {
        output += line;
      },
      exit: () => {},
      clock,
    });
    report(Object.assign(new Error(text, { cause: new Error(text) }), { detail: text }));
    report({ reason: text }, 'unhandledRejection');
    expect(output.split('\n')).toHaveLength(3);
    expect(present(output, gone)).toBe(false);
  });
});
