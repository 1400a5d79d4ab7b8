import type { Waiting } from '../../backup/backup-source.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { restoreCluster } from '../../backup/restore-cluster.ts';
import type { Config } from '../../config/schema.ts';
import type { BackupPlace } from './backup-store.ts';
import { findPgTool, programEnvironment } from './libpq.ts';

/** Makes the data directory of a new server from a base backup and the incremental ones up to the one that is meant. */
export async function restoreBase(
  config: Config,
  { catalogue, artefacts }: BackupPlace,
  manifest: Manifest,
  directory: string,
  waiting: Waiting,
): Promise<void> {
  const { major } = manifest.server;
  const own = { least: major, most: major };
  await restoreCluster({
    ...waiting,
    chain: await catalogue.chain(manifest),
    artefacts,
    combine: await findPgTool(config, 'pg_combinebackup', own),
    verify: await findPgTool(config, 'pg_verifybackup', own),
    directory,
    env: programEnvironment(),
  });
}
