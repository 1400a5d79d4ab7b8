import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createInFlight, rest } from '../../src/http/in-flight.ts';

const response = () => new ServerResponse(new IncomingMessage(new Socket()));

test('a request counts until its answer is closed', () => {
  const { enter } = createInFlight(1);
  const first = response();
  expect([enter(first), enter(response())]).toEqual([true, false]);
  first.emit('close');
  expect(enter(response())).toBe(true);
});

test('a stream that rests counts no longer, and its end is not counted twice', () => {
  const { enter } = createInFlight(1);
  const stream = response();
  enter(stream);
  rest(stream);
  expect(enter(response())).toBe(true);
  stream.emit('close');
  expect(enter(response())).toBe(false);
});
