import { databaseTarget, parseConnection } from '../config/database-target.ts';
import type { Config } from '../config/schema.ts';
import type { Note } from '../core/observation.ts';
import { createReplayMark, toldFirst } from '../postgres/replay-mark.ts';
import { createReplicatedDatabase } from '../postgres/replicated-database.ts';
import { createStandby, type Standby } from '../postgres/standby.ts';
import { openStandbyProbe } from '../postgres/standby-probe.ts';
import type { VersionsSink } from '../postgres/table-listener.ts';
import type { OpenedDatabase } from './adapters.ts';

export interface ReadReplicasOptions {
  readonly config: Config;
  readonly note: Note;
}

export interface WithReadReplicas extends OpenedDatabase {
  /** How many do not answer as they must. Absent where none is used. */
  readonly replicasAway?: () => number;
}

/**
 * The opened database with the standbys of POSTGRES_REPLICA_URLS beside it. A standby may answer what it has replayed: who
 * listens for changes tells that first here, and only then to whoever stamps answers with them.
 */
export function withReadReplicas(opened: OpenedDatabase, { config, note }: ReadReplicasOptions): WithReadReplicas {
  const { openCopy, watchTables, database: primary } = opened;
  const target = databaseTarget(config);
  const urls = config.postgresReplicaUrls ?? [];
  if (target.kind === 'embedded' || openCopy === undefined || urls.length === 0) return opened;
  if (watchTables === undefined) {
    return {
      ...opened,
      advice:
        'POSTGRES_REPLICA_URLS is not used: behind a pooler changes can only be heard through POSTGRES_DIRECT_URL, and without them nobody knows what a replica must have replayed.',
    };
  }
  const standbys: Standby[] = [];
  const onMoved = () => {
    for (const standby of standbys) standby.moved();
  };
  const mark = createReplayMark(primary, onMoved);
  for (const url of urls) {
    // Host, port and database are the replica's; the logins are those of the primary, whose roles a standby has.
    const { address } = parseConnection(url, config);
    standbys.push(
      createStandby({
        name: `${address.host}:${address.port}/${address.database}`,
        openProbe: (answerMs) => openStandbyProbe(address, target.login, answerMs),
        openDatabase: () => openCopy(address),
        mark: mark.current,
        onFailure: (error) => note({ kind: 'fault_met', where: 'read replicas', error }),
      }),
    );
  }
  const watch = (sink: VersionsSink, onFailure: (error: unknown) => void) => watchTables(toldFirst(mark.sink, sink), onFailure);
  const database = createReplicatedDatabase({ primary, standbys, mark: mark.current });
  const replicasAway = () => standbys.filter((standby) => standby.isAway()).length;
  if (config.cacheTtlSeconds > 0) return { ...opened, database, replicasAway, watchTables: watch };
  // Nobody else listens.
  const watching = watchTables(mark.sink, (error) => note({ kind: 'fault_met', where: 'table versions', error }));
  return {
    ...opened,
    replicasAway,
    database: {
      ...database,
      async close() {
        await (await watching).close();
        await database.close();
      },
    },
  };
}
