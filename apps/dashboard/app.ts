import { type Choice, type Dashboard, isDashboard } from './figures.ts';
import { connectHost, type HostContext, type ToolResult } from './host-link.ts';
import { createView } from './view.ts';

/** The page inside a host of MCP Apps. */
const root = document.getElementById('dashboard') as HTMLElement;

const host = connectHost(window.parent, {
  onContext: ({ theme, locale, styles }: HostContext) => {
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    const font = styles?.variables?.['--font-sans'];
    if (font !== undefined) document.documentElement.style.setProperty('--font-sans', font);
    if (locale !== undefined) view.setLocale(locale);
  },
  onToolResult: (result) => {
    try {
      view.show(dashboardIn(result));
    } catch (error) {
      view.say((error as Error).message, true);
    }
  },
});
const view = createView({
  root,
  read: async (choice: Choice) => dashboardIn(await host.callTool('read_sales_dashboard', choice)),
});

/** Throws what a person should read. */
function dashboardIn({ isError, content, structuredContent }: ToolResult): Dashboard {
  if (!isError && isDashboard(structuredContent)) return structuredContent;
  throw new Error(refusalIn(content?.[0]?.text) ?? 'The server sent no figures.');
}

function refusalIn(text: string | undefined): string | undefined {
  try {
    const { message, hint } = JSON.parse(text ?? '') as { message?: unknown; hint?: unknown };
    return typeof message === 'string' ? `${message}. ${typeof hint === 'string' ? hint : ''}`.trim() : undefined;
  } catch {
    return text;
  }
}

new ResizeObserver(() =>
  host.tellSize(root.scrollWidth, Math.ceil(document.documentElement.getBoundingClientRect().height)),
).observe(root);
view.say('Waiting for figures …');
host.open('sales-dashboard').catch((error: Error) => view.say(error.message, true));
