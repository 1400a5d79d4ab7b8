import { describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { createAnswerReader, parseAnswer } from '../../bench/load/http-answer.mjs';

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const wholes = {
  'of a known length': 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 11\r\n\r\n{"a":"\r\n1"}',
  'in one chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"a":"\r\n1"}\r\n0\r\n\r\n',
  'in several chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n7\r\n:"\r\n1"}\r\n0\r\n\r\n',
};

describe.each(Object.entries(wholes))('an answer %s', (_, text) => {
  test('is read whole, wherever the network cuts it', () => {
    const bytes = Buffer.from(text);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const answers: Answer[] = [];
      const read = createAnswerReader((answer: Answer) => answers.push(answer));
      if (cut > 0) read(bytes.subarray(0, cut));
      expect(answers).toEqual([]);
      read(bytes.subarray(cut));
      expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([[200, '{"a":"\r\n1"}']]);
    }
  });

  test('that comes byte by byte is read, and so is the next one', () => {
    const answers: Answer[] = [];
    const read = createAnswerReader((answer: Answer) => answers.push(answer));
    for (const byte of Buffer.from(text + text)) read(Buffer.from([byte]));
    expect(answers.map(({ body }) => body.toString())).toEqual(['{"a":"\r\n1"}', '{"a":"\r\n1"}']);
  });
});

test('an answer without a body is complete with its head', () => {
  expect(parseAnswer(Buffer.from('HTTP/1.1 202 Accepted\r\n\r\n'))).toMatchObject({ status: 202, body: Buffer.alloc(0) });
});
