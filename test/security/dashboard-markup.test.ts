import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppHost, startAppHost } from '../support/app-host.ts';
import { inChromium, openBrowser, openPage } from '../support/browser.ts';
import { anyTier, type TestDatabase } from '../support/databases.ts';
import { type ProductStack, productStack } from '../support/edge-stack.ts';
import { legacyClient } from '../support/mcp-clients.ts';
import { testIssuer } from '../support/people.ts';
import { recordAnswer } from './record-answer.ts';

/** What somebody who may name a product, a store or a category might write there. */
const hostileNames = [
  '</script><script>globalThis.hacked=1</script>',
  '<img src=x onerror="globalThis.hacked=1">',
  '"><svg onload=globalThis.hacked=1>',
  "'-globalThis.hacked=1-'",
  '\u2028globalThis.hacked=1;\u2029//',
  '<!--<script>globalThis.hacked=1',
  '{{constructor.constructor("globalThis.hacked=1")()}}',
  '\u202egnihtemos\u202c &lt;b&gt;',
];

inChromium('Names with markup in them', () => {
  let db: TestDatabase;
  let product: ProductStack;
  let browser: Browser;
  let host: AppHost;
  let token: string;
  let client: Awaited<ReturnType<typeof legacyClient>>;

  beforeAll(async () => {
    db = await anyTier.open();
    const top = await db.admin.query(
      `SELECT i.product_id FROM retail.orders o JOIN retail.order_items i USING (order_id, store_id)
       WHERE o.order_date BETWEEN '2025-01-01' AND '2025-12-31' GROUP BY 1 ORDER BY sum(i.total_amount) DESC LIMIT $1::int`,
      [String(hostileNames.length)],
    );
    for (const [index, name] of hostileNames.entries()) {
      await db.admin.query('UPDATE retail.products SET product_name = $1 WHERE product_id = $2::int', [
        name,
        String(top[index]?.product_id),
      ]);
    }
    await db.admin.query('UPDATE retail.stores SET store_name = $1 WHERE store_id = 1', [hostileNames[0]!]);
    await db.admin.query('UPDATE retail.categories SET category_name = $1 WHERE category_id = 1', [hostileNames[1]!]);
    const issuer = await testIssuer();
    token = await issuer.tokenOf('headOffice');
    product = await productStack({ db, trusted: issuer.trusted });
    client = await legacyClient(product.mcpUrl, token);
    const { contents } = await client.readResource({ uri: 'ui://sales-dashboard/page.html' });
    browser = await openBrowser();
    host = await startAppHost({
      browser,
      html: (contents as unknown as [{ text: string }])[0].text,
      callServer: ({ name, arguments: args = {} }) => client.callTool({ name, arguments: args }),
    });
  });
  afterAll(async () => {
    await host?.close();
    await browser?.close();
    await client?.close();
    await product?.close();
    await db?.close();
  });

  /** As bars, then as tables: every name is there letter by letter, and none became an element. */
  const look = async (shown: Page | FrameLocator) => {
    await shown.getByRole('heading', { name: 'Zava sales' }).waitFor();
    expect(await shown.locator('.bar-name').allTextContents()).toEqual(expect.arrayContaining(hostileNames));
    for (const button of await shown.locator('.as-table').all()) await button.click();
    expect(await shown.locator('tbody th').allTextContents()).toEqual(expect.arrayContaining(hostileNames));
    expect(await shown.locator('option').allTextContents()).toEqual(expect.arrayContaining(hostileNames.slice(0, 2)));
    expect(await shown.locator('img, main script, svg[onload], b').count()).toBe(0);
    expect(await shown.locator('html').evaluate('globalThis.hacked')).toBeUndefined();
  };

  test('stay text in the app', async () => {
    const { app, complaints, close } = await host.show({ name: 'show_sales_dashboard' });
    await look(app);
    expect(complaints).toEqual([]);
    await close();
    recordAnswer('shown as text; no script ran');
  });

  test('stay text on the page at /dashboard', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${product.url}/dashboard`);
    await page.getByLabel('Access token').fill(token);
    await page.keyboard.press('Enter');
    await look(page);
    expect(complaints.filter((text) => !text.includes('status of 401'))).toEqual([]);
    await close();
  });

  test('and where one got in all the same, the policies of the page and of the host would stop it', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${product.url}/dashboard`);
    const broken = (await page.evaluate(breakIn)) as string[];
    expect(broken).toEqual(expect.arrayContaining(['img-src', 'script-src-elem', 'connect-src', 'style-src-attr']));
    expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
    await close();
    recordAnswer(`stopped by ${broken.join(', ')}`);
  });
});

/** What markup would do that had got into the page; gives the rules of the policy that it broke. */
const breakIn = `(async () => {
  const broken = new Set();
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => broken.add(effectiveDirective));
  document.body.insertAdjacentHTML('beforeend', '<img src="https://evil.example/" onerror="globalThis.hacked=1" style="color:red">');
  const script = document.createElement('script');
  script.textContent = 'globalThis.hacked=1';
  document.body.append(script);
  await fetch('https://evil.example/').catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  return [...broken].sort();
})()`;
