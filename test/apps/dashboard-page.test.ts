import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inChromium, openBrowser, openPage, sidewaysScroll } from '../support/browser.ts';
import { type DashboardStack, dashboardStack } from '../support/dashboard-stack.ts';
import type { PersonName } from '../support/people.ts';

inChromium('The page at /dashboard', () => {
  let stack: DashboardStack;
  let browser: Browser;
  beforeAll(async () => {
    stack = await dashboardStack();
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });

  const visit = async (options: Parameters<typeof openPage>[1] = {}) => {
    const opened = await openPage(browser, options);
    await opened.page.goto(`${stack.product.url}/dashboard`);
    return opened;
  };
  const logIn = async (page: Page, token: string) => {
    await page.getByLabel('Access token').fill(token);
    await page.keyboard.press('Enter');
  };
  const logInAs = async (page: Page, name: PersonName) => logIn(page, await stack.issuer.tokenOf(name));
  /** A browser reports every answer from 400 on as an error of the console; before the login 401 is the answer. */
  const unexpected = (complaints: readonly string[]) => complaints.filter((text) => !text.includes('status of 401'));
  const revenueOf = async (stores: readonly number[], where = 'true') => {
    const { rows } = await stack.db.asStores(
      stores,
      `SELECT sum(i.total_amount) FROM retail.orders o JOIN retail.order_items i USING (order_id, store_id) WHERE o.order_date BETWEEN '2025-01-01' AND '2025-12-31' AND ${where}`,
    );
    return Number(rows[0]?.[0]).toLocaleString('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 0 });
  };
  const tileOf = (page: Page, label: string) => page.locator('.tile', { hasText: label }).locator('.tile-value');

  test('takes a token, shows its own figures, narrows them, and lets go again', async () => {
    const { page, complaints, close } = await visit();
    await logIn(page, 'not a token');
    await page.getByRole('alert').filter({ hasText: 'not accepted' }).waitFor();
    await logInAs(page, 'pugetSound');
    await page.getByRole('heading', { name: 'Zava sales' }).waitFor();
    expect(await tileOf(page, 'Revenue').textContent()).toBe(await revenueOf([1, 2, 6, 7]));
    await page.getByLabel('Store', { exact: true }).selectOption('Zava Retail Seattle');
    await tileOf(page, 'Revenue')
      .filter({ hasText: await revenueOf([1]) })
      .waitFor();
    expect(await page.getByRole('navigation').getByRole('button').allTextContents()).toEqual(['Log out']);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(unexpected(complaints)).toEqual([]);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Access token').waitFor();
    await page.reload();
    await page.getByLabel('Access token').waitFor();
    await close();
  });

  test('shows operators every view, and says what is not there yet', async () => {
    const { page, complaints, close } = await visit();
    await logInAs(page, 'headOffice');
    for (const [view, words] of [
      ['Overview', 'circuit breaker: database'],
      ['Performance', 'read_sales_dashboard'],
      ['Alerts', 'not an all-clear'],
      ['Diagnostics', 'unauthenticated'],
      ['Business', 'Revenue over time'],
    ] as const) {
      await page.getByRole('button', { name: view, exact: true }).click();
      await page.getByText(words).first().waitFor();
    }
    expect(unexpected(complaints)).toEqual([]);
    await close();
  });

  test('an operator without sales has the operators’ views alone', async () => {
    const { page, close } = await visit();
    await logInAs(page, 'operator');
    await page.getByText('circuit breaker: database').waitFor();
    expect(await page.getByRole('navigation').getByRole('button').allTextContents()).toEqual([
      'Overview',
      'Performance',
      'Alerts',
      'Diagnostics',
      'Log out',
    ]);
    await close();
  });

  test('asks for a new token when the old one has ended', async () => {
    const { page, close } = await visit();
    await logInAs(page, 'seattle');
    await page.getByRole('heading', { name: 'Zava sales' }).waitFor();
    await page.context().clearCookies();
    await page.getByLabel('Category', { exact: true }).selectOption('HAND TOOLS');
    await page.getByLabel('Access token').waitFor();
    await close();
  });

  test.each([
    ['light', 'rgb(244, 246, 248)'],
    ['dark', 'rgb(17, 21, 26)'],
  ] as const)('is %s where the system is, and fits a phone of 390 px', async (colorScheme, background) => {
    const { page, close } = await visit({ colorScheme, viewport: { width: 390, height: 844 } });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(background);
    expect(await sidewaysScroll(page)).toBe(0);
    await logInAs(page, 'headOffice');
    await page.getByRole('heading', { name: 'Zava sales' }).waitFor();
    for (const view of ['Business', 'Performance', 'Diagnostics']) {
      await page.getByRole('button', { name: view, exact: true }).click();
      await page.waitForLoadState('networkidle');
      expect([view, await sidewaysScroll(page)]).toEqual([view, 0]);
    }
    await close();
  });

  test('moves nothing for those who want no motion', async () => {
    const { page, close } = await visit({ reducedMotion: 'reduce' });
    await logInAs(page, 'seattle');
    await page.getByRole('heading', { name: 'Zava sales' }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.querySelector('.content')).transitionDuration")).toBe('0s');
    await close();
  });

  test('text stands out from its ground by 4.5 to 1, in either scheme', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, close } = await visit({ colorScheme });
      await logInAs(page, 'headOffice');
      await page.getByRole('heading', { name: 'Zava sales' }).waitFor();
      expect(await page.evaluate(weakTexts)).toEqual([]);
      await page.evaluate("document.querySelector('.tile-value').style.color = '#888'");
      await page.evaluate("document.querySelector('.tile').style.background = '#999'");
      expect(await page.evaluate(weakTexts)).not.toEqual([]);
      await close();
    }
  });
});

/** Texts whose contrast is below WCAG 2.2's 1.4.3, with their ratio. */
const weakTexts = `(() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => rgb(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const groundOf = (element) => {
    const own = getComputedStyle(element).backgroundColor;
    return rgb(own)[3] === 0 && element.parentElement ? groundOf(element.parentElement) : own;
  };
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!hasText || ['STYLE', 'SCRIPT', 'OPTION'].includes(element.tagName)) return [];
    const style = getComputedStyle(element);
    const [one, other] = [light(element instanceof SVGElement ? style.fill : style.color), light(groundOf(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return ratio < 4.5 ? [element.className + ' ' + element.textContent + ' ' + ratio.toFixed(2)] : [];
  });
})()`;
