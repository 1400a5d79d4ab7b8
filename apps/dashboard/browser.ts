import { loginForm } from './browser/login.ts';
import { type Report, reportView } from './browser/report.ts';
import { ask, Refusal } from './browser/requests.ts';
import type { Choice, Dashboard } from './figures.ts';
import { html } from './parts/elements.ts';
import { capital } from './parts/format.ts';
import { createView } from './view.ts';

/** The page at /dashboard: a login, the sales dashboard, and the operators' reports. */
const main = document.getElementById('dashboard') as HTMLElement;

interface Business {
  readonly views: readonly string[];
  readonly dashboard: Dashboard;
}

async function readBusiness({ period, filters }: Choice): Promise<Business> {
  const query = new URLSearchParams(period === undefined ? {} : { period });
  for (const [dimension, names] of Object.entries(filters)) for (const name of names) query.append(dimension, name);
  return (await ask(`/dashboard/business?${query}`)) as Business;
}

/** Whoever may see no sales may still be an operator. */
async function open(told = ''): Promise<void> {
  try {
    const { views, dashboard } = await readBusiness({ filters: {} });
    showViews(views, dashboard);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) main.replaceChildren(loginForm(() => void open(), told));
    else if (error.status === 403) showViews(['overview', 'performance', 'alerts', 'diagnostics'], undefined);
    else main.replaceChildren(html('p', { class: 'status error', role: 'alert' }, error.message));
  }
}

function showViews(views: readonly string[], dashboard: Dashboard | undefined): void {
  const body = html('div', {});
  const tabs = views.map((name) =>
    html('button', { type: 'button', class: 'tab', click: () => void choose(name) }, capital(name)),
  );
  const choose = async (name: string) => {
    for (const tab of tabs) tab.setAttribute('aria-pressed', String(tab.textContent === capital(name)));
    try {
      if (name === 'business') showBusiness(body, dashboard);
      else body.replaceChildren(reportView((await ask(`/dashboard/${name}`)) as Report));
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return leave(error.message);
      body.replaceChildren(html('p', { class: 'status error', role: 'alert' }, (error as Error).message));
    }
  };
  const logOut = async () => {
    await ask('/dashboard/session', { method: 'DELETE' });
    leave('');
  };
  main.replaceChildren(
    html(
      'nav',
      { class: 'tabs', 'aria-label': 'Views' },
      ...(tabs.length > 1 ? tabs : []),
      html('button', { type: 'button', class: 'leave', click: () => void logOut() }, 'Log out'),
    ),
    body,
  );
  void choose(views[0] ?? 'overview');
}

function showBusiness(root: HTMLElement, dashboard: Dashboard | undefined): void {
  const view = createView({
    root,
    read: async (choice) => {
      try {
        return (await readBusiness(choice)).dashboard;
      } catch (error) {
        if (error instanceof Refusal && error.status === 401) leave(error.message);
        throw error;
      }
    },
  });
  if (dashboard === undefined) void view.choose({ filters: {} });
  else view.show(dashboard);
}

function leave(told: string): void {
  main.replaceChildren(loginForm(() => void open(), told));
}

void open();
