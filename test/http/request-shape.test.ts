import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { HttpFault } from '../../src/http/error-response.ts';
import { checkBodyType, checkRequestShape } from '../../src/http/request-shape.ts';

const request = (over: { url?: string | undefined; rawHeaders?: string[]; headersDistinct?: Record<string, string[]> }) =>
  ({ url: '/mcp', rawHeaders: [], headersDistinct: {}, ...over }) as unknown as IncomingMessage;

function statusOf(check: () => void): number | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(HttpFault);
    return (error as HttpFault).httpStatus;
  }
}

describe('the shape of a request', () => {
  test.each([
    ['100 header fields', { rawHeaders: Array(200).fill('x') }, undefined],
    ['101 header fields', { rawHeaders: Array(202).fill('x') }, 431],
    ['one Host', { headersDistinct: { host: ['a'] } }, undefined],
    ['two Hosts', { headersDistinct: { host: ['a', 'a'] } }, 400],
    ['two content types', { headersDistinct: { 'content-type': ['a', 'b'] } }, 400],
    ['a path', { url: '/' }, undefined],
    ['an absolute address', { url: 'http://localhost/mcp' }, 400],
    ['an asterisk', { url: '*' }, 400],
    ['no target', { url: undefined }, 400],
  ])('%s', (_what, over, status) => {
    expect(statusOf(() => checkRequestShape(request(over)))).toBe(status);
  });
});

test('a body without a type is refused', () => {
  expect(statusOf(() => checkBodyType({ headers: {} } as IncomingMessage))).toBe(415);
});
