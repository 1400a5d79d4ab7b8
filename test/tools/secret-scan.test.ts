import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { secretsIn } from '../../tools/secret-scan.mjs';

const made = (characters: string, length: number) => characters.repeat(length).slice(0, length);
/** Put together here, so that the scan of this file finds nothing. */
const secrets: [string, string][] = [
  ['private key', `-----BEGIN ${'RSA PRIVATE'} KEY-----\n${made('MIIE', 80)}`],
  ['Azure storage key', `AccountName=x;${'Account'}Key=${made('aB3+', 86)}==`],
  ['Azure client secret', `abc${'8Q'}~${made('dEf4_', 34)}`],
  ['AWS access key', `${'AK'}IA${made('ABCD2345', 16)}`],
  ['GitHub token', `${'gh'}p_${made('aB3', 36)}`],
  ['npm token', `${'np'}m_${made('aB3', 36)}`],
  ['OpenAI key', `${'s'}k-${made('aB3', 40)}`],
  ['Slack webhook', `https://hooks.slack.com/${'services'}/T${made('A1', 8)}/B${made('A1', 8)}/${made('aB3', 24)}`],
  ['Slack token', `${'xo'}xb-${made('123-abc', 24)}`],
  ['Application Insights key', `${'Instrumentation'}Key=12345678-1234-1234-1234-123456789012`],
];

test.each(secrets)('a %s is found, by its line and without being told', (what, secret) => {
  const findings = secretsIn(`first\nsecond ${secret}\n`);
  expect(findings).toEqual([{ what, line: 2 }]);
});

test('placeholders, digests and code about secrets are none', () => {
  const harmless = [
    'AccountKey=<key>',
    'InstrumentationKey=00000000-0000-0000-0000-000000000000',
    `node@sha256:${made('0af', 64)}`,
    '-----BEGIN PRIVATE KEY-----',
    'postgresql://zava_owner:…@db.example.com/zava',
    'npm_config_cache sk-learn ghp_ xoxb-',
  ];
  expect(harmless.flatMap((text) => secretsIn(text))).toEqual([]);
});
