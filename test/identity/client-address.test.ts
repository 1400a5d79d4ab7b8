import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey, clientAddress } from '../../src/identity/client-address.ts';

describe('the client’s address', () => {
  test.each<[string, string | undefined, number, string]>([
    ['10.0.0.1', undefined, 0, '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9', 0, '10.0.0.1'],
    ['10.0.0.1', undefined, 1, '10.0.0.1'],
    ['10.0.0.1', '203.0.113.9', 1, '203.0.113.9'],
    ['10.0.0.1', 'spoofed, 198.51.100.1, 203.0.113.9', 1, '203.0.113.9'],
    ['10.0.0.1', '198.51.100.1, 203.0.113.9', 2, '198.51.100.1'],
    ['10.0.0.1', '203.0.113.9', 5, '203.0.113.9'],
    ['10.0.0.1', '203.0.113.9:4711', 1, '203.0.113.9'],
    ['10.0.0.1', '[2001:DB8::1]:4711', 1, '2001:db8::1'],
    ['10.0.0.1', '[2001:db8::1]', 1, '2001:db8::1'],
    ['::ffff:10.0.0.1', undefined, 0, '10.0.0.1'],
    ['fe80::1%eth0', undefined, 0, 'fe80::1'],
    ['10.0.0.1', 'unknown', 1, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, unknown', 2, '10.0.0.1'],
    ['10.0.0.1', 'unknown, 203.0.113.9', 2, '203.0.113.9'],
    ['10.0.0.1', '', 1, '10.0.0.1'],
    ['/run/socket', undefined, 0, '/run/socket'],
  ])('of %s, forwarded for "%s", behind %i proxies is %s', (socket, forwarded, hops, client) => {
    expect(clientAddress(socket, forwarded, hops)).toBe(client);
  });

  test('cannot be changed by what a caller sends: the proxies append behind it', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 3 }), (sent, hops) => {
        const appended = ['203.0.113.9', '10.0.0.3', '10.0.0.2'].slice(0, hops);
        expect(clientAddress('10.0.0.1', [sent, ...appended].join(', '), hops)).toBe('203.0.113.9');
      }),
    );
  });
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::ffff', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
  ['/run/socket', '/run/socket'],
])('one budget for the network of %s: %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});
