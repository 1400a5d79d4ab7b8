import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMigrations } from '../../src/postgres/migrate.ts';
import type { Installation } from '../../src/postgres/privilege-check.ts';
import { readCatalog } from '../../src/proof/catalog.ts';
import type { Finding } from '../../src/proof/finding.ts';
import { inspect } from '../../src/proof/inspect.ts';
import { retailDefinition } from '../../src/retail/definition.ts';
import { migrationsDirectory, onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';

onEveryDatabase('the inspection', (tier) => {
  let db: TestDatabase;
  let migrationsText: string;
  beforeAll(async () => {
    db = await tier.open();
    const prefix = db.role('owner').replace(/_owner$/, '');
    const migrations = await readMigrations(migrationsDirectory);
    migrationsText = migrations.map(({ text }) => text.replaceAll('{{prefix}}', prefix)).join('\n');
  });
  afterAll(() => db.close());

  const installation = (): Installation => ({
    definition: retailDefinition,
    prefix: db.role('owner').replace(/_owner$/, ''),
    serverLogin: db.role('server'),
  });
  const look = async (query: TestDatabase['admin']['query']): Promise<Finding[]> =>
    inspect(await readCatalog(query, installation()), {
      installation: installation(),
      embedded: db.database.kind === 'embedded',
      migrationsText,
    });

  /** Roles belong to the whole server: another test may just be altering the same one. */
  const planted = async (statements: string, tries = 5): Promise<Finding[]> => {
    await db.admin.script('BEGIN');
    try {
      await db.admin.script(statements);
      return await look(db.admin.query);
    } catch (error) {
      if (tries > 0 && (error as { code?: string }).code === 'XX000') {
        await db.admin.script('ROLLBACK');
        return planted(statements, tries - 1);
      }
      throw error;
    } finally {
      await db.admin.script('ROLLBACK');
    }
  };

  test('finds nothing on a sound database, by the serving login’s own rights', async () => {
    expect(await look(db.database.query)).toEqual([]);
  });

  const possible = (fault: PlantedFault) =>
    (tier.name.startsWith('PostgreSQL') || !fault.realOnly) && (fault.since ?? 0) <= db.database.serverMajor;

  test.for(plantedFaults)('tells when $name', async (fault, context) => {
    if (!possible(fault)) context.skip();
    const findings = await planted(fault.plant(db.role));
    const found = findings.filter((finding) => finding.id === fault.id);
    expect(found.map(({ severity }) => severity)).toContain(fault.notice ? 'notice' : 'fault');
    expect(found.every(({ where, what, remedy }) => where !== '' && what !== '' && remedy !== '')).toBe(true);
  });

  test('finds nothing once everything is undone', async () => {
    expect(await look(db.admin.query)).toEqual([]);
  });
});
