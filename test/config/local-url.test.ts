import { expect, test } from 'vitest';
import { localUrl } from '../../src/config/local-url.ts';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8000'],
  ['::1', 'http://[::1]:8000'],
  ['a.b.internal', 'http://a.b.internal:8000'],
  ['localhost', 'http://localhost:8000'],
])('a server on %s is reached at %s', (host, url) => {
  expect(localUrl({ host, port: 8000 })).toBe(url);
  expect(URL.canParse(url)).toBe(true);
});
