import { z } from 'zod';

/** What a stream may tell of: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions. */
export interface Filter {
  readonly toolsListChanged?: boolean | undefined;
  readonly promptsListChanged?: boolean | undefined;
  readonly resourcesListChanged?: boolean | undefined;
  readonly resourceSubscriptions?: readonly string[] | undefined;
  /** Of the tasks extension: clients ask instead. */
  readonly taskIds?: unknown;
}

const shape = z.looseObject({
  toolsListChanged: z.boolean().optional(),
  promptsListChanged: z.boolean().optional(),
  resourcesListChanged: z.boolean().optional(),
  resourceSubscriptions: z.array(z.string()).optional(),
});

const maxUris = 100;

/** Undefined for what is no filter. */
export function parseFilter(params: unknown): Filter | undefined {
  const parsed = z.looseObject({ notifications: shape }).safeParse(params);
  return parsed.success ? (parsed.data.notifications as Filter) : undefined;
}

/** Without what the caller may not read: of that, not even a change is told. */
export function narrowFilter(asked: Filter, mayRead: (uri: string) => boolean): Filter {
  const { taskIds: _, resourceSubscriptions = [], ...lists } = asked;
  const uris = [...new Set(resourceSubscriptions)].filter(mayRead).slice(0, maxUris);
  return { ...lists, ...(uris.length > 0 && { resourceSubscriptions: uris }) };
}
