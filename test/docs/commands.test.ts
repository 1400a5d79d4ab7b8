import { mkdtemp, readdir, readFile, rename, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { commandsIn, commandsInProse, readDocuments, root } from '../../tools/docs/documents.mjs';
import { cleanEnvironment, copyOfPreparedDataDir, removeFolder, type Served, serveHttp } from '../e2e/product.ts';
import { realInstallation, realServer } from '../e2e/real-installation.ts';
import { startReceiver } from '../support/receiver.ts';
import { openShell, type Ran } from './shell-session.ts';

/** Everything else that a page tells people to type is run here, as it stands. A line that meets no command fails. */
const notHere: [RegExp, string][] = [
  [/…|<|\bFILE\b|\[--/, 'has a place for something of the reader’s own'],
  [/example\.com|collector:|\/var\/lib\/postgresql|\/srv\/|zava_backup_/, 'names a machine or a backup of the reader’s own'],
  [/^(az|docker) |tools\/release\.mjs|image:build/, 'wants a cloud, a registry or a container engine'],
  [
    /^npm (ci|start|i)\b|^npm run build\b/,
    'is how this checkout, or an installation, came to be: test/e2e/package.test.ts; what `npm start` serves is started below',
  ],
  [/^npm (test|run (check|ci|coverage|security))\b|vitest run/, 'runs the tests, which run this'],
  [/^npm run (format|package:mcpb|make-version)\b|dashboard-pictures/, 'changes the checkout'],
  [/^npm run (nightly|bench|fuzz|duplicates|mutation|on-node|docs:api)/, 'takes minutes, or fetches its tools first'],
  [/^npm run services:/, 'starts and stops the servers that other tests are using; test/tools/services.test.ts has its parts'],
  [/--online|--refresh/, 'asks the internet'],
  [/mcp-inspector/, 'fetches the Inspector and a Node 24 for it: test/e2e/inspector.test.ts'],
  [/contribute check/, 'judges the branch that is checked out; test/cli/contribute.test.ts has branches of its own'],
  [/SERVER_WORKERS=|zava-mcp-server scale advise --json/, 'needs a real PostgreSQL or a Redis: test/app, test/cli/scale.test.ts'],
  [/zava-mcp-server index-products/, 'embeds the catalogue anew: test/cli/search.test.ts'],
  [/debug trace|zava-mcp-server revoke|jobs run/, 'wants a request, a token, a fault or a target: test/cli has them'],
];

/** What a page says that its command answers. */
const promised: [RegExp, RegExp][] = [
  [/zava-mcp-server prove$/, /passed/i],
  [/scale advise --cpu/, /advice +5 \(up\)\nbecause +memory 95 % is above 85 %/],
  [/typescript-client/, /execute_sales_query[\s\S]*Zava Retail Seattle\t\d/],
  [/alerts test/, /: sent/],
  [/dashboard\/overview/, /"database"/],
  [/backup drill/, /RTO/],
  [/doctor$/, /ok/i],
];

/** Of these pages, in this order; the others hold no commands or are made from code. */
const pages = /^(README|CONTRIBUTING|docs\/(tutorial|how-to|explanation)\/.*|docs\/(tour|search))\.md$/;
const realServerPage = 'docs/how-to/set-up-a-real-server.md';
const tutorial = 'docs/tutorial/first-answers.md';
const asksServer = /curl|typescript-client|zava-mcp-server token|server health/;

/** What `npm start` does after the build. */
const startsWith = 'node dist/main.js serve --transport http';

/** What `npx zava-mcp-server` comes down to in a checkout; npm itself takes half a second each time. */
const withoutNpx = (command: string) => command.replace(/\b(npx )?zava-mcp-server (?=[a-z-])/g, 'node dist/main.js ');

let told: { page: string; command: string }[] = [];
let folder = '';
let served: Served;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let environment: Record<string, string> = {};

const reasonNotTo = (command: string) => notHere.find(([pattern]) => pattern.test(command))?.[1];
const runnable = (ofServer: boolean) =>
  told
    .filter(({ page, command }) => page !== realServerPage && reasonNotTo(command) === undefined)
    .filter(({ command }) => asksServer.test(command) === ofServer)
    // Has a test of its own.
    .filter(({ page }) => !(ofServer && page === tutorial));

beforeAll(async () => {
  const documents = ((await readDocuments()) as { path: string; text: string }[]).filter(({ path }) => pages.test(path));
  told = documents.flatMap(({ path, text }) =>
    [...commandsIn(text), ...commandsInProse(text)].map((command: string) => ({ page: path, command })),
  );
  // A checkout with a data folder of its own: what a command writes stays out of this one.
  folder = await mkdtemp(join(tmpdir(), 'zava-docs-'));
  const own = ['.git', '.zava', '.services.env', 'coverage', 'backups', 'restored'];
  for (const name of await readdir(root)) if (!own.includes(name)) await symlink(join(root, name), join(folder, name));
  const [data, made] = await Promise.all([copyOfPreparedDataDir(), startReceiver()]);
  await rename(data, join(folder, '.zava'));
  receiver = made;
  served = await serveHttp({ DATA_DIR: join(folder, '.zava') });
  environment = cleanEnvironment({ MCP_URL: served.url, PORT: new URL(served.url).port, SLACK_WEBHOOK_URL: receiver.url });
}, 120_000);
afterAll(async () => {
  await served?.stop();
  await receiver?.close();
  await removeFolder(folder);
});

/** Runs what is left of a page, and says what did not do as it says. */
async function faultsOf(commands: typeof told): Promise<string[]> {
  const faults: string[] = [];
  const metricsPort = await freePort();
  const known = new Set<string>();
  for (const page of new Set(commands.map((one) => one.page))) {
    const shell = openShell(folder, environment, '');
    for (const { command } of commands.filter((one) => one.page === page)) {
      const same = withoutNpx(command);
      if (known.has(same)) continue;
      // The same command with other variables is another one.
      if (!/\$[A-Z(]|^[A-Z]+=|^export/.test(command)) known.add(same);
      const here = withoutNpx(command)
        .replaceAll('http://127.0.0.1:8000', new URL(served.url).origin)
        .replace('9464', metricsPort)
        .replace(/\bnpm start$/, startsWith)
        // No links lead to a plug-in.
        .replace('$PWD/examples', join(root, 'examples'));
      const ran = await (/--transport http/.test(here) ? shell.serve(here) : shell.run(here));
      const fault = faultOf(command, ran);
      if (fault !== undefined) faults.push(`${page}: ${command}\n  ${fault}: ${ran.told.slice(-1000)}`);
    }
    await shell.close();
  }
  return faults;
}

function faultOf(command: string, { code, told }: Ran): string | undefined {
  if (code !== 0) return `exit code ${code}`;
  const promise = promised.find(([pattern]) => pattern.test(command))?.[1];
  return promise === undefined || promise.test(told) ? undefined : `does not say ${promise}`;
}

function freePort(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(String(port)));
    });
  });
}

describe('the commands of the documents, typed into a shell', () => {
  test('each is run, or is one of those that cannot be here', () => {
    const idle = notHere.filter(([pattern]) => !told.some(({ command }) => pattern.test(command)));
    expect(idle).toEqual([]);
    expect(
      promised.filter(
        ([pattern]) =>
          !runnable(true)
            .concat(runnable(false))
            .some((one) => pattern.test(one.command)),
      ),
    ).toEqual([]);
    expect(runnable(true).length).toBeGreaterThan(6);
    expect(runnable(false).length).toBeGreaterThan(30);
  });

  test('npm start builds, and then does what is run in its place', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect(scripts.start).toBe(`npm run --silent build && ${startsWith}`);
  });

  test('npx takes what the checkout has built', async () => {
    const shell = openShell(folder, environment, '');
    const [byNpx, itself] = [
      await shell.run('npx zava-mcp-server config show'),
      await shell.run('node dist/main.js config show'),
    ];
    await shell.close();
    expect(byNpx).toEqual({ code: 0, told: itself.told });
  });

  test('the tutorial shows three people one, four and eight rows', async () => {
    const [curl = ''] = commandsOf(tutorial, /^curl/);
    const tokens = commandsOf(tutorial, /^TOKEN=/);
    const shell = openShell(folder, environment, '');
    const rows: unknown[] = [];
    for (const token of tokens) {
      expect(await shell.run(withoutNpx(token))).toMatchObject({ code: 0 });
      const { told: answer } = await shell.run(curl.replace('http://127.0.0.1:8000', new URL(served.url).origin));
      rows.push(JSON.parse(answer).result.structuredContent.row_count);
    }
    await shell.close();
    expect(rows).toEqual([1, 4, 8]);
  }, 180_000);

  test('do what the page says while the server runs', async () => {
    expect(await faultsOf(runnable(true))).toEqual([]);
  }, 300_000);

  test('do what the page says once it has stopped', async () => {
    await served.stop();
    environment.PORT = '0';
    expect(await faultsOf(runnable(false))).toEqual([]);
  }, 600_000);
});

describe.skipIf(realServer === undefined)('the page about a real server, on one', () => {
  test('each command does what it says', async () => {
    const own = await realInstallation('zavadocs');
    const shell = openShell(folder, cleanEnvironment({ ...own.env, PORT: '0' }), '');
    const faults: string[] = [];
    // What is exported there is in the environment already, with another address.
    for (const command of commandsOf(realServerPage, /zava-mcp-server/)) {
      const here = withoutNpx(command)
        .replace('PGPASSWORD=… ', '')
        .replace('postgresql://postgres@db.example.com/postgres', own.adminUrl)
        // Two thousand customers take longer, and show no more.
        .replace(/main\.js seed\b/, 'main.js seed --scale 200');
      const ran = await (here === startsWith ? shell.serve(here) : shell.run(here));
      const fault = faultOf(command, ran);
      if (fault !== undefined) faults.push(`${command}\n  ${fault}: ${ran.told.slice(-1000)}`);
    }
    await shell.close();
    await own.drop();
    expect(faults).toEqual([]);
  }, 300_000);
});

const commandsOf = (page: string, pattern: RegExp) =>
  told.filter((one) => one.page === page && pattern.test(one.command)).map(({ command }) => command);
