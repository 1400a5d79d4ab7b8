import type { Clock } from '../core/clock.ts';
import { createOperationsReport, type OperationsOptions } from '../health/operations-report.ts';
import { createDashboardRoutes, type DashboardRoutesOptions } from '../http/dashboard/dashboard-routes.ts';
import { createSameOrigin } from '../http/dashboard/same-origin.ts';
import { createSessionCookie } from '../http/dashboard/session-cookie.ts';
import type { Routes } from '../http/routes.ts';
import { builtPage } from '../mcp/apps/app-page.ts';
import { createEnvelope } from '../vault/envelope.ts';
import type { KeyRing } from '../vault/key-ring.ts';
import type { Composition } from './compose.ts';
import { createDashboardViews } from './dashboard-views.ts';

/** What the dashboard needs beside the parts that /mcp has too. */
export interface DashboardParts {
  /** Seals sessions. */
  readonly ring: () => KeyRing;
  readonly history: OperationsOptions['history'];
  readonly cache?: OperationsOptions['cache'];
  readonly alerts?: OperationsOptions['alerts'];
  readonly version: string;
  readonly clock: Clock;
}

/** What the HTTP edge has made for /mcp. */
export type EdgeParts = Pick<
  DashboardRoutesOptions,
  'authenticate' | 'tenantHeader' | 'challenge' | 'trustedProxies' | 'note'
> & {
  readonly composition: {
    readonly breaker: Pick<Composition['breaker'], 'state'>;
    readonly mcp: Pick<Composition['mcp'], 'admit' | 'answer'>;
  };
  readonly load: OperationsOptions['load'];
  readonly databaseAnswers: () => Promise<boolean>;
  readonly resource: string;
  readonly publicUrl: string | undefined;
  readonly tls: boolean;
};

/** The dashboard's paths, for the HTTP edge. */
export function dashboardRoutes(parts: DashboardParts, edge: EdgeParts): Routes {
  const { ring, history, cache, alerts, version, clock } = parts;
  const { composition, load, databaseAnswers, resource, publicUrl, tls, ...walls } = edge;
  const breakers = [{ name: 'database', state: composition.breaker.state }];
  const operations = createOperationsReport({ history, databaseAnswers, load, breakers, cache, alerts, version, clock });
  return createDashboardRoutes({
    ...walls,
    ...createDashboardViews({ mcp: composition.mcp, operations, clock, note: walls.note }),
    session: createSessionCookie({ envelope: createEnvelope(ring), resource, tls }),
    sameOrigin: createSameOrigin({ publicUrl, tls }),
    page: builtPage('dashboard.html'),
    clock,
  });
}
