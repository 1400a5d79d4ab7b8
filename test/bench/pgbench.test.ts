import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { parsePgbench, scopedScript } from '../../bench/servers/pgbench.mjs';
// @ts-expect-error plain JavaScript, without types
import { createFrontendReader } from '../../bench/servers/wire-tap.mjs';

const output = `pgbench (17.11 (Debian 17.11-0+deb13u1))
transaction type: multiple scripts
scaling factor: 1
query mode: prepared
number of clients: 16
number of transactions actually processed: 88243
number of failed transactions: 3 (0.003%)
latency average = 0.725 ms
initial connection time = 41.270 ms
tps = 22075.250991 (without initial connection time)
`;

test("pgbench's figures are read from what it prints", () => {
  expect(parsePgbench(output)).toEqual({ calls: 88243, errors: 3, callsPerSecond: 22075.250991, latencyMs: 0.725 });
  expect(parsePgbench('pgbench: error: connection failed').callsPerSecond).toBeNaN();
});

test('a call in its scope is one write', () => {
  expect(scopedScript('SELECT 1').split('\n').filter(Boolean)).toEqual([
    '\\startpipeline',
    'BEGIN READ ONLY;',
    'SELECT retail.use_scope(:token);',
    'SELECT 1;',
    'ROLLBACK;',
    '\\endpipeline',
  ]);
});

const sized = (body: Buffer) => Buffer.concat([int32(body.length + 4), body]);
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const sent = (type: string, text: string) => Buffer.concat([Buffer.from(type), sized(Buffer.from(text, 'latin1'))]);

test('the tap hears the text of each statement and who sends it, wherever the network cuts', () => {
  const startup = sized(Buffer.concat([int32(196608), Buffer.from('database\0zava\0user\0zava_reader\0\0')]));
  const stream = Buffer.concat([
    startup,
    sent('p', 'password\0'),
    sent('P', '\0SELECT $1\0\0\x01'),
    sent('B', '\0\0\0\0\0\x02\0\0\0\x0242\xff\xff\xff\xff\0\0'),
    sent('P', 'named\0SELECT 2\0\0\0'),
    sent('Q', 'SELECT 3\0'),
  ]);
  for (const size of [1, 7, stream.length]) {
    const heard: string[] = [];
    const read = createFrontendReader(
      (text: string, user: string) => heard.push(`${user}: ${text}`),
      (values: (string | null)[]) => heard.push(JSON.stringify(values)),
    );
    for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size));
    expect(heard).toEqual(['zava_reader: SELECT $1', '["42",null]', 'zava_reader: SELECT 2', 'zava_reader: SELECT 3']);
  }
});
