import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { findDebianMirror, parseAptSources, parseOsRelease } from '../../tools/services/debian-mirror.mjs';
// @ts-expect-error plain JavaScript, without types
import { composeEnvironment, composeServices } from '../../tools/services/docker-services.mjs';
// @ts-expect-error plain JavaScript, without types
import { envFileText } from '../../tools/services/env-file.mjs';
// @ts-expect-error plain JavaScript, without types
import { loadPlan } from '../../tools/services/plan.mjs';
// @ts-expect-error plain JavaScript, without types
import { listeningInode } from '../../tools/services/port-owner.mjs';
// @ts-expect-error plain JavaScript, without types
import { clusterSettings, parsePostmasterPid } from '../../tools/services/postgres-cluster.mjs';
// @ts-expect-error plain JavaScript, without types
import { parsePidFile } from '../../tools/services/redis-server.mjs';

const home = { HOME: '/home/ada' };

test('without options the plan is PostgreSQL 17 and Redis on private ports', () => {
  expect(loadPlan(['up'], home)).toMatchObject({
    command: 'up',
    postgres: [17],
    ports: { 17: 54317, 18: 54318, redis: 56379 },
    cacheDir: '/home/ada/.cache/zava-mcp-server/services',
  });
});

test('versions, ports, backend and cache directory can be chosen', () => {
  const env = { ...home, XDG_CACHE_HOME: '/cache', SERVICES_POSTGRES_18_PORT: '6000', SERVICES_BACKEND: 'debian' };
  expect(loadPlan(['up', '--postgres', '18,17,18'], env)).toMatchObject({
    postgres: [17, 18],
    ports: { 17: 54317, 18: 6000, redis: 56379 },
    backend: 'debian',
    cacheDir: '/cache/zava-mcp-server/services',
  });
  expect(loadPlan(['status', '--postgres=18'], home)).toMatchObject({ command: 'status', postgres: [18] });
});

test.each([
  [['sideways'], {}, 'Unknown command "sideways".'],
  [['up', '--postgres'], {}, 'Cannot read "--postgres".'],
  [['up', '--postgres', '17', '18'], {}, 'Cannot read "--postgres 17 18".'],
  [['up', '--postgres', '16'], {}, 'PostgreSQL "16" is not offered.'],
  [['up', '--postgres', '17,'], {}, 'PostgreSQL "17," is not offered.'],
  [['up'], { SERVICES_REDIS_PORT: '65536' }, 'SERVICES_REDIS_PORT="65536" is not a port.'],
  [['up'], { SERVICES_BACKEND: 'podman' }, 'SERVICES_BACKEND="podman" is unknown.'],
])('%j with %j is refused with what is wrong and what to do', (argv, env, message) => {
  expect(() => loadPlan(argv, env)).toThrow(expect.objectContaining({ message, hint: expect.stringMatching(/\S/) }));
});

const deb822 = `Types: deb
# A comment inside a stanza
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;

test('the Debian mirror is found among deb822 sources', () => {
  expect(findDebianMirror(parseAptSources(deb822, 'deb822'), 'bookworm')).toEqual({
    uri: 'http://mirror.example/debian',
    keyring: '/usr/share/keyrings/debian.gpg',
  });
});

test('third parties, the security archive, sources and comments are not taken for the Debian mirror', () => {
  const lines = `# deb http://commented.example/debian trixie main
deb-src http://sources.example/debian trixie main
deb https://cloud.example/apt cloud-sdk-trixie main
deb https://engine.example/linux/debian trixie stable
deb http://security.example/debian-security trixie-security main
deb [arch=amd64 signed-by=/etc/apt/keyrings/own.gpg] https://mirror.example/debian trixie main contrib # ours
`;
  const sources = parseAptSources(lines, 'lines');
  expect(findDebianMirror(sources, 'trixie')).toEqual({
    uri: 'https://mirror.example/debian',
    keyring: '/etc/apt/keyrings/own.gpg',
  });
  expect(findDebianMirror(sources, 'noble')).toBeUndefined();
});

test('an inline key is no keyring file', () => {
  const text = `Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n`;
  expect(findDebianMirror(parseAptSources(text, 'deb822'), 'trixie')).toEqual({
    uri: 'http://mirror.example/debian',
    keyring: undefined,
  });
});

test('os-release is read with and without quotes', () => {
  expect(parseOsRelease('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_CODENAME=trixie\n')).toEqual({
    PRETTY_NAME: 'Debian GNU/Linux 13 (trixie)',
    ID: 'debian',
    VERSION_CODENAME: 'trixie',
  });
});

test('the environment file names 17 plainly, other versions by number, and escapes the password', () => {
  const running = [
    { name: 'PostgreSQL 17', version: 17, port: 54317, password: 'a/b', root: '/cache/debian-17' },
    { name: 'PostgreSQL 18', version: 18, port: 54318, password: 'c' },
    { name: 'Redis', port: 56379 },
  ];
  expect(envFileText(running).split('\n').slice(1)).toEqual([
    'TEST_POSTGRES_ADMIN_URL=postgres://postgres:a%2Fb@127.0.0.1:54317/postgres',
    'TEST_POSTGRES_ROOT=/cache/debian-17',
    'TEST_POSTGRES_18_ADMIN_URL=postgres://postgres:c@127.0.0.1:54318/postgres',
    'TEST_REDIS_URL=redis://127.0.0.1:56379',
    '',
  ]);
});

test('the holder of a port is found by its listening socket, not by a connection to it', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:D42D 0100007F:8AE0 01 00000000:00000000 00:00000000 00000000   101        0 11111 1
   1: 0100007F:D42D 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 22222 1`;
  expect(listeningInode(table, 54317)).toBe('22222');
  expect(listeningInode(table, 80)).toBeUndefined();
});

test('the pid files tell pid and port, and a broken one tells nothing', () => {
  expect(parsePostmasterPid('4242\n/srv/zava/data\n1770000000\n54317\n\n127.0.0.1\n')).toEqual({ pid: 4242, port: 54317 });
  expect(parsePostmasterPid('')).toEqual({ pid: 0, port: Number.NaN });
  expect(parsePidFile('{"pid":1,"port":2,"root":"/r"}')).toEqual({ pid: 1, port: 2, root: '/r' });
  expect(parsePidFile('{"pid":')).toEqual({});
});

test('a cluster listens on loopback only and can be backed up incrementally', () => {
  const settings = clusterSettings(54317).split('\n');
  expect(settings).toEqual(
    expect.arrayContaining([
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      'port = 54317',
      'summarize_wal = on',
    ]),
  );
});

test('Docker is asked for the same services on the same ports', () => {
  const plan = loadPlan(['up', '--postgres', '17,18'], home);
  expect(composeServices(plan)).toEqual(['postgres-17', 'postgres-18', 'redis']);
  expect(composeEnvironment(plan, 'secret')).toEqual({
    SERVICES_POSTGRES_PASSWORD: 'secret',
    SERVICES_POSTGRES_17_PORT: '54317',
    SERVICES_POSTGRES_18_PORT: '54318',
    SERVICES_REDIS_PORT: '56379',
  });
});
