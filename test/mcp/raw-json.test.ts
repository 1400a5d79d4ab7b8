import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRawJson } from '../../src/mcp/raw-json.ts';

test('any JSON text arrives as it was, next to any other value', () => {
  fc.assert(
    fc.property(fc.array(fc.json(), { maxLength: 3 }), fc.jsonValue(), (texts, other) => {
      const raw = createRawJson();
      const wire = raw.restore(JSON.stringify({ other, results: texts.map((text) => raw.object(text)) }));
      expect(wire).toBe(`{"other":${JSON.stringify(other)},"results":[${texts.join(',')}]}`);
    }),
  );
});

test('exact digits survive a copy of the object that carries them', () => {
  const raw = createRawJson();
  const wire = raw.restore(JSON.stringify({ ...raw.object('[12.50,1e400,9007199254740993]') }));
  expect(wire).toBe('[12.50,1e400,9007199254740993]');
});

test('a value that imitates the placeholder stays a value', () => {
  const raw = createRawJson();
  const [key] = Object.keys(raw.object('1'));
  const forged = `{"${key}":1}`;
  const wire = raw.restore(JSON.stringify([raw.object(JSON.stringify([forged])), forged, { [String(key)]: 99 }]));
  expect(JSON.parse(wire)).toEqual([[forged], forged, { [String(key)]: 99 }]);
});

test('line breaks between tokens become blanks, since stdio frames by lines', () => {
  const raw = createRawJson();
  expect(raw.restore(JSON.stringify(raw.object('[{"a":\r\n  1}\n]')))).toBe('[{"a":   1} ]');
});

test('two exchanges have different secrets', () => {
  expect(Object.keys(createRawJson().object('1'))).not.toEqual(Object.keys(createRawJson().object('1')));
});
