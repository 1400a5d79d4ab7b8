import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppHost, type HostedCall, startAppHost } from '../support/app-host.ts';
import { inChromium, openBrowser, sidewaysScroll } from '../support/browser.ts';
import { anyTier, type TestDatabase } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { legacyClient } from '../support/mcp-clients.ts';
import { testIssuer } from '../support/people.ts';

const show: HostedCall = { name: 'show_sales_dashboard' };
const everyStore = [1, 2, 3, 4, 5, 6, 7, 8];
const dollars = (amount: unknown, digits = 0) =>
  new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: digits }).format(Number(amount));

inChromium('The sales dashboard in a host of MCP Apps', () => {
  let db: TestDatabase;
  let product: ProductStack;
  let browser: Browser;
  let host: AppHost;
  let client: Awaited<ReturnType<typeof legacyClient>>;
  const calls: HostedCall[] = [];

  beforeAll(async () => {
    db = await anyTier.open();
    const { trusted, tokenOf } = await testIssuer();
    product = await productStack({ db, trusted });
    client = await legacyClient(product.mcpUrl, await tokenOf('headOffice'));
    const { tools } = await client.listTools();
    const meta = tools.find(({ name }) => name === show.name)?._meta as { ui: { resourceUri: string } };
    const { contents } = await client.readResource({ uri: meta.ui.resourceUri });
    const [content] = contents as unknown as [{ text: string; mimeType: string }];
    expect(content.mimeType).toBe('text/html;profile=mcp-app');
    browser = await openBrowser();
    host = await startAppHost({
      browser,
      html: content.text,
      callServer: (call) => {
        calls.push(call);
        return client.callTool({ name: call.name, arguments: call.arguments ?? {} });
      },
    });
  });
  afterAll(async () => {
    await host?.close();
    await browser?.close();
    await client?.close();
    await product?.close();
    await db?.close();
  });

  const sum = async (what: string, where = 'true', stores = everyStore) => {
    const { rows } = await db.asStores(
      stores,
      `SELECT ${what} FROM retail.orders o JOIN retail.order_items i USING (order_id, store_id) WHERE o.order_date BETWEEN '2025-01-01' AND '2025-12-31' AND ${where}`,
    );
    return rows[0]?.[0];
  };

  test('shows the figures that SQL gives, without a word in the console and without any network', async () => {
    const { app, complaints, requests, close } = await host.show(show);
    await app.getByRole('heading', { name: 'Zava sales' }).waitFor();
    const tile = (name: string) => app.locator('.tile', { hasText: name }).locator('.tile-value').textContent();
    expect(await tile('Revenue')).toBe(dollars(await sum('sum(i.total_amount)')));
    expect(await tile('Orders')).toBe(Number(await sum('count(DISTINCT o.order_id)')).toLocaleString('en-US'));
    expect(await tile('Customers')).toBe(Number(await sum('count(DISTINCT o.customer_id)')).toLocaleString('en-US'));
    expect(await app.locator('.bars li', { hasText: 'Zava Retail Seattle' }).locator('.bar-value').textContent()).toBe(
      new Intl.NumberFormat('en-US', {
        style: 'currency',
        currency: 'USD',
        notation: 'compact',
        maximumFractionDigits: 1,
      }).format(Number(await sum('sum(i.total_amount)', 'o.store_id = 1'))),
    );
    expect(requests).toEqual(['/', '/host.js', '/app.html']);
    expect(complaints).toEqual([]);
    await close();
  });

  test('a filter asks the server again, as the page’s own tool', async () => {
    const { app, complaints, close } = await host.show(show);
    calls.length = 0;
    await app.getByLabel('Store', { exact: true }).selectOption('Zava Retail Seattle');
    const revenue = dollars(await sum('sum(i.total_amount)', 'o.store_id = 1'));
    await app.locator('.tile-value', { hasText: revenue }).first().waitFor();
    await app.getByLabel('Category', { exact: true }).selectOption('HAND TOOLS');
    await app.getByLabel('Period').selectOption('2025-Q4');
    await app.locator('.about', { hasText: 'Oct 1 – Dec 31, 2025' }).waitFor();
    expect(calls).toEqual([
      { name: 'read_sales_dashboard', arguments: { filters: { store: ['Zava Retail Seattle'] } } },
      { name: 'read_sales_dashboard', arguments: { filters: { store: ['Zava Retail Seattle'], category: ['HAND TOOLS'] } } },
      {
        name: 'read_sales_dashboard',
        arguments: { period: '2025-Q4', filters: { store: ['Zava Retail Seattle'], category: ['HAND TOOLS'] } },
      },
    ]);
    expect(await app.getByLabel('Store', { exact: true }).inputValue()).toBe('Zava Retail Seattle');
    expect(complaints).toEqual([]);
    await close();
  });

  test('works from the keyboard alone: filters, tables, and the line point by point', async () => {
    const { app, page, close } = await host.show(show);
    await app.getByRole('heading', { name: 'Zava sales' }).waitFor();
    const reached: string[] = [];
    await app.getByLabel('Period').focus();
    for (let step = 0; step < 12; step += 1) {
      reached.push(await app.locator(':focus').evaluate((element) => element.getAttribute('aria-label') ?? element.id));
      await page.keyboard.press('Tab');
      if ((await app.locator(':focus').count()) === 0) break;
    }
    expect(reached).toEqual([
      'filter-period',
      'filter-store',
      'filter-category',
      'Revenue over time as a table',
      'Revenue over time: 12 points. Arrow keys read them one by one.',
      'Categories as a table',
      'Stores as a table',
      'Top products as a table',
    ]);
    await app.getByRole('application').focus();
    await page.keyboard.press('Home');
    const january = await sum('sum(i.total_amount)', "o.order_date < '2025-02-01'");
    expect(await app.locator('.readout').textContent()).toContain(`Jan 2025${dollars(january, 2)}`);
    await app.getByRole('button', { name: 'Stores as a table' }).focus();
    await page.keyboard.press('Enter');
    const cells = await app.getByRole('region', { name: 'Stores, table' }).getByRole('row').allTextContents();
    expect(cells).toHaveLength(9);
    expect(cells[0]).toBe('StoreRevenueYear beforeChangeOrdersYear beforeChange');
    expect(cells.join()).toContain(dollars(await sum('sum(i.total_amount)', 'o.store_id = 1'), 2));
    await close();
  });

  test.each(['light', 'dark'])('follows the host into the %s, whatever the system says', async (theme) => {
    const colorScheme = theme === 'dark' ? 'light' : 'dark';
    const { app, page, close } = await host.show(show, { theme, colorScheme });
    await app.getByRole('heading', { name: 'Zava sales' }).waitFor();
    const background = () => app.locator('body').evaluate('getComputedStyle(document.body).backgroundColor');
    const colours = { light: 'rgb(244, 246, 248)', dark: 'rgb(17, 21, 26)' };
    expect(await background()).toBe(colours[theme as 'light']);
    await page.evaluate("bridge.setHostContext({ theme: 'light' })");
    await expect.poll(background).toBe(colours.light);
    await close();
  });

  test('fits a phone of 390 px, charts and tables', async () => {
    const { app, page, close } = await host.show(show, { viewport: { width: 390, height: 844 } });
    await app.getByRole('heading', { name: 'Zava sales' }).waitFor();
    const scroll = () => app.locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);
    expect(await scroll()).toBe(0);
    for (const button of await app.getByRole('button').all()) await button.click();
    expect(await app.getByRole('table').count()).toBe(4);
    expect([await scroll(), await sidewaysScroll(page)]).toEqual([0, 0]);
    await close();
  });
});
