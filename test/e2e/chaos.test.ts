import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { findFaketime } from '../../bench/chaos/installation.mjs';
// @ts-expect-error plain JavaScript, without types
import { chaosReport } from '../../bench/chaos/report.mjs';
// @ts-expect-error plain JavaScript, without types
import { runChaos } from '../../bench/chaos/run.mjs';
import { postgresRoot } from '../support/pg-programs.ts';
import { mainFile } from './product.ts';

const root = await postgresRoot();
const missing = [
  ...(root === undefined || process.getuid?.() !== 0 ? ['root, and PostgreSQL by npm run services:up'] : []),
  ...(existsSync('/usr/bin/redis-server') ? [] : ['redis-server']),
  ...(existsSync('/usr/sbin/nginx') ? [] : ['nginx']),
  ...(findFaketime() === undefined ? ['faketime'] : []),
];
if (missing.length > 0 && process.env.CI === 'true') throw new Error(`The chaos run needs ${missing.join(', ')}`);

describe.skipIf(missing.length > 0)(
  `While one thing after the other is taken away${missing.length > 0 ? ` (needs ${missing})` : ''}`,
  () => {
    test('no answer is wrong, no record is lost beyond the window, and each fault is told of once and ended once', async () => {
      const run = await runChaos({ main: mainFile, root, minutes: 0, perSecond: 20, scale: 200 });
      expect(run.complaints, chaosReport(run)).toEqual([]);
      expect(run.timeline).toHaveLength(8);
      // Enough to say so: some hundred answers, and most of them right.
      const right = run.told.filter(({ outcome }: { outcome: string }) => outcome === 'right').length;
      expect(right).toBeGreaterThan(300);
      expect(right / run.told.length).toBeGreaterThan(0.8);
    }, 240_000);
  },
);
