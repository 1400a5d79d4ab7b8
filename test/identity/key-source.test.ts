import { expect, test } from 'vitest';
import { createPublicKeySource } from '../../src/identity/key-source.ts';
import { ecPair, rsaPair } from '../support/key-pair.ts';

const rsa = rsaPair();
const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

test.each([
  ['SPKI', spki],
  ['PKCS #1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
  ['one line with \\n', spki.replaceAll('\n', '\\n')],
])('a public key is read from %s', async (_form, pem) => {
  const source = await createPublicKeySource(pem);
  expect((await source.keyFor({ alg: 'RS256' })).algorithm).toMatchObject({ name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048 });
});

test.each([
  ['text', 'hello', 'not PEM'],
  ['a private key', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'private key'],
  ['an elliptic key', ecPair().publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'of type ec'],
  ['a short key', rsaPair(1024).publicKey.export({ type: 'spki', format: 'pem' }).toString(), '1024 bits'],
])('%s is refused at the start', async (_what, pem, told) => {
  await expect(createPublicKeySource(pem)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining(told),
  });
});
