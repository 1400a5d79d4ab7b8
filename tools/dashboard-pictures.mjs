// Takes the pictures of the dashboard in docs/images/, of the built product on its own demonstration data.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const root = new URL('../', import.meta.url).pathname;
const main = join(root, 'dist/main.js');
const dataDir = await mkdtemp(join(tmpdir(), 'dashboard-pictures-'));
const env = { ...process.env, DATA_DIR: dataDir };

const pictures = [
  { name: 'dashboard', theme: 'light', width: 1180 },
  { name: 'dashboard-dark', theme: 'dark', width: 1180 },
  { name: 'dashboard-phone', theme: 'light', width: 390 },
];

const server = spawn(process.execPath, [main, 'serve', '--transport', 'http', '--port', '0'], { env });
try {
  const url = await new Promise((resolve, reject) => {
    let told = '';
    const look = (text) => {
      told += text;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(told);
      if (found !== null && told.includes('server_started')) resolve(found[0]);
    };
    server.stdout.on('data', look);
    server.stderr.on('data', look);
    server.once('close', () => reject(new Error(told)));
  });
  const token = await output(['token', '--role', 'super_admin']);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  for (const { name, theme, width } of pictures) {
    const page = await browser.newPage({ colorScheme: theme, locale: 'en-US', viewport: { width, height: 844 } });
    await page.goto(`${url}/dashboard`);
    await page.getByLabel('Access token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Zava sales' }).waitFor();
    await page.evaluate('document.activeElement.blur()');
    await page.screenshot({ path: join(root, `docs/images/${name}.png`), fullPage: width > 500 });
    await page.close();
  }
  await browser.close();
} finally {
  server.removeAllListeners('close');
  const ended = new Promise((resolve) => server.once('close', resolve));
  server.kill();
  await ended;
  await rm(dataDir, { recursive: true, force: true });
}

async function output(args) {
  const child = spawn(process.execPath, [main, ...args], { env });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return text.trim();
}
