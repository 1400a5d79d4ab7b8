import type { Clock } from '../../core/clock.ts';
import type { Principal } from '../../core/principal.ts';
import type { SchemaDefinition } from '../../core/schema-definition.ts';
import type { ResourceWording } from '../../core/wording.ts';
import type { DescribeTables } from '../../query/describe-tables.ts';
import type { Guarded } from '../admit-call.ts';
import { appMimeType, builtPage } from '../apps/app-page.ts';
import { dayOf, lastCompleteQuarter, quarterOf, secondOf } from '../calendar.ts';
import { notFound } from '../protocol-error.ts';
import { tableMarkdown } from '../table-markdown.ts';
import { dashboardPageUri } from '../tools/show-sales-dashboard.ts';

export interface ResourceCatalogOptions {
  readonly wording: ResourceWording;
  readonly definition: SchemaDefinition;
  readonly describeTables: DescribeTables;
  readonly clock: Clock;
}

interface Resource extends Guarded {
  readonly uri: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  read(principal: Principal, signal: AbortSignal): Promise<string> | string;
}

const json = 'application/json';

/** The tables, the tenants in scope and the calendar, for hosts that attach context instead of calling tools. */
export function createResourceCatalog({ wording, definition, describeTables, clock }: ResourceCatalogOptions) {
  const base = `${wording.scheme}://`;
  const schemaTemplate = `${base}schema/{table}`;

  const tables = definition.relations.map(
    (relation): Resource => ({
      name: `schema/${relation.name}`,
      uri: `${base}schema/${relation.name}`,
      title: `Table ${relation.name}`,
      description: relation.purpose,
      mimeType: 'text/markdown',
      permission: 'catalog:read',
      needsTenants: false,
      read: async (principal) => (await describeTables([relation.name], principal)).map(tableMarkdown).join(''),
    }),
  );
  const tenants: Resource = {
    name: wording.tenants,
    uri: base + wording.tenants,
    title: `Your ${wording.tenants}`,
    description: `The ${wording.tenants} that your token gives access to.`,
    mimeType: json,
    needsTenants: false,
    read: (principal) =>
      JSON.stringify(principal.tenants.map((t) => ({ [wording.tenantLabel]: t.name, [wording.groupLabel]: t.group }))),
  };
  const calendar: Resource = {
    name: 'calendar',
    uri: `${base}calendar`,
    title: 'Calendar',
    description: 'Today in UTC, the current fiscal quarter and the last complete one. The fiscal year is the calendar year.',
    mimeType: json,
    needsTenants: false,
    read: () => calendarJson(clock),
  };
  const dashboardPage: Resource = {
    name: 'sales-dashboard',
    uri: dashboardPageUri,
    title: 'Sales dashboard',
    description: 'The page that show_sales_dashboard opens.',
    mimeType: appMimeType,
    permission: 'sales:read',
    needsTenants: false,
    read: builtPage('dashboard-app.html'),
  };
  const resources = [tenants, calendar, ...tables, dashboardPage];
  const byUri = new Map(resources.map((resource) => [resource.uri, resource]));
  const visibleTo = ({ permissions }: Principal, resource: Resource) =>
    resource.permission === undefined || permissions.has(resource.permission);

  return {
    list: (principal: Principal) =>
      resources
        .filter((resource) => visibleTo(principal, resource))
        .map(({ uri, name, title, description, mimeType }) => ({ uri, name, title, description, mimeType })),
    templates: () => [
      {
        uriTemplate: schemaTemplate,
        name: 'schema',
        title: 'Table',
        description: 'Columns, keys, relationships and valid values of one table.',
        mimeType: 'text/markdown',
      },
    ],
    /** Whether there is such a resource, and the caller may read it. */
    mayRead: (uri: string, principal: Principal): boolean => {
      const resource = byUri.get(uri);
      return resource !== undefined && visibleTo(principal, resource);
    },
    /** Addresses of what is said of tables. */
    urisOf: (tables: readonly string[]): readonly string[] => tables.map((table) => `${base}schema/${table}`),
    /** Whether the caller may read of a table. */
    permits: (table: string, principal: Principal): boolean =>
      tables.some((resource) => resource.uri === `${base}schema/${table}` && visibleTo(principal, resource)),
    find: (uri: string): Guarded | undefined => byUri.get(uri),
    async read(uri: string, principal: Principal, signal: AbortSignal) {
      const resource = byUri.get(uri);
      if (resource === undefined)
        throw notFound('resource', uri, `Resources: ${base}${wording.tenants}, ${base}calendar, ${schemaTemplate}`);
      return { contents: [{ uri, mimeType: resource.mimeType, text: await resource.read(principal, signal) }] };
    },
    /** What may stand for a variable of a template: the tables that the caller may read of. */
    suggestions: (uriTemplate: string, variable: string, principal: Principal): readonly string[] =>
      uriTemplate === schemaTemplate && variable === 'table'
        ? tables.filter((table) => visibleTo(principal, table)).map(({ uri }) => uri.slice(`${base}schema/`.length))
        : [],
  };
}
export type ResourceCatalog = ReturnType<typeof createResourceCatalog>;

function calendarJson(clock: Clock): string {
  const now = new Date(clock.now());
  const period = ({ name, firstDay, lastDay }: ReturnType<typeof quarterOf>) => ({
    name,
    first_day: firstDay,
    last_day: lastDay,
  });
  return JSON.stringify({
    utc: secondOf(now),
    date: dayOf(now),
    fiscal_year: 'the calendar year, January to December',
    current_quarter: period(quarterOf(now)),
    last_complete_quarter: period(lastCompleteQuarter(now)),
  });
}
