import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser, BrowserContextOptions, FrameLocator } from 'playwright-core';
import { openPage } from './browser.ts';

/** What a host sends with the page of an app that asks for no domain: inline code, and no network at all. */
const appPolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

export interface HostedCall {
  readonly name: string;
  readonly arguments?: Record<string, unknown>;
}

export interface AppHostOptions {
  readonly browser: Browser;
  /** The app's page as the MCP server gave it. */
  readonly html: string;
  readonly callServer: (call: HostedCall) => Promise<unknown>;
}

async function hostScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL('app-host-page.mjs', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** A host of MCP Apps in a browser, made of the official bridge. */
export async function startAppHost({ browser, html, callServer }: AppHostOptions) {
  const pages: Record<string, { readonly type: string; readonly body: string; readonly policy?: string }> = {
    '/': {
      type: 'text/html',
      body: '<!doctype html><style>body{margin:0}iframe{border:0;width:100%;height:400px}</style><iframe sandbox="allow-scripts"></iframe><script type="module" src="/host.js"></script>',
    },
    '/host.js': { type: 'text/javascript', body: await hostScript() },
    '/app.html': { type: 'text/html', body: html, policy: appPolicy },
  };
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    response.writeHead(page === undefined ? 204 : 200, {
      'Content-Type': `${page?.type ?? 'text/plain'}; charset=utf-8`,
      ...(page?.policy && { 'Content-Security-Policy': page.policy }),
    });
    response.end(page?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  return {
    /** Shows the app with the result of one call, as a conversation would. */
    async show(call: HostedCall, { theme = 'light', ...options }: BrowserContextOptions & { theme?: string } = {}) {
      const opened = await openPage(browser, options);
      const { page } = opened;
      const requests: string[] = [];
      page.on('request', (request) => requests.push(new URL(request.url()).pathname));
      await page.exposeFunction('callServer', callServer);
      await page.goto(url);
      await page.waitForFunction('window.openApp !== undefined');
      const toolResult = await callServer(call);
      await page.evaluate((about) => (globalThis as unknown as { openApp(about: unknown): Promise<void> }).openApp(about), {
        theme,
        toolArguments: call.arguments ?? {},
        toolResult,
      });
      const app: FrameLocator = page.frameLocator('iframe');
      return { ...opened, app, requests };
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
export type AppHost = Awaited<ReturnType<typeof startAppHost>>;
