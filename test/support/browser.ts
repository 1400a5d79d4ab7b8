import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

const executablePath = '/usr/bin/chromium';

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]);

/** A block of tests in Debian's Chromium. Without one it is skipped, and says so; where CI is true its absence is a failure. */
export function inChromium(name: string, tests: () => void): void {
  const isThere = existsSync(executablePath);
  if (!isThere && process.env.CI === 'true') throw new Error(`There is no ${executablePath}: apt-get install chromium`);
  describe.skipIf(!isThere)(isThere ? name : `${name} (skipped: there is no ${executablePath}; apt-get install chromium)`, tests);
}

export const openBrowser = (): Promise<Browser> => chromium.launch({ executablePath, args });

/** A page whose complaints are kept: errors of scripts, and whatever the console calls an error, breaches of the CSP among it. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1180, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints, close: () => context.close() };
}

/** How far the page can be scrolled sideways, in pixels. */
export const sidewaysScroll = (page: Pick<Page, 'evaluate'>): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
