// What is done to an installation, which alert has to tell of it, and how it is undone.

/** Within what tokens and scopes tolerate (30 s): every call has to be answered all the same. */
const skewSeconds = 20;
const slowMs = 700;

/**
 * @typedef {object} Fault
 * @property {string} name
 * @property {string} rule that has to fire once and be resolved once
 * @property {() => Promise<unknown> | unknown} induce
 * @property {() => Promise<unknown> | unknown} end
 * @property {boolean} [patient] its end takes a minute by design: the next fault does not wait for it
 */

/**
 * @param {Awaited<ReturnType<typeof import('./installation.mjs').startInstallation>>} installation
 * @param {(index: number) => void} onReplicaKilled
 * @returns {Fault[]}
 */
export function chaosFaults(installation, onReplicaKilled) {
  const { pair, line, redis, embedder, target, replicas, command, restartReplica, setClock } = installation;
  const victim = replicas.length - 1;
  return [
    // A breaker leaves the service alone for a minute, and search goes on by words.
    { name: 'kill the embedder', rule: 'embedder_down', induce: embedder.kill, end: embedder.start, patient: true },
    {
      name: 'kill the database',
      rule: 'database_down',
      induce: () => pair.primary.kill('SIGKILL'),
      end: pair.primary.start,
    },
    { name: 'kill Redis', rule: 'redis_down', induce: redis.kill, end: redis.start },
    {
      name: 'kill the read replica',
      rule: 'read_replica_down',
      induce: () => pair.standby.kill('SIGKILL'),
      end: pair.standby.start,
    },
    {
      name: `slow the network to the database by ${slowMs} ms`,
      rule: 'database_slow',
      induce: () => line.slow(slowMs),
      end: () => line.slow(0),
    },
    {
      name: `put one replica’s clock ${skewSeconds} s ahead`,
      rule: 'clock_skew',
      induce: () => setClock(0, skewSeconds),
      end: () => setClock(0, 0),
    },
    {
      name: `fill the backup target (${target.kind})`,
      rule: 'backup_failed',
      async induce() {
        target.fill();
        const outcome = await command('jobs', 'run', 'backup-full').catch((error) => error);
        if (!(outcome instanceof Error)) throw new Error('a backup to a full disk was made');
      },
      async end() {
        target.empty();
        await command('jobs', 'run', 'backup-full');
      },
    },
    {
      name: 'kill a replica of the server',
      rule: 'replica_lost',
      async induce() {
        process.kill(replicas[victim].pid, 'SIGKILL');
        onReplicaKilled(victim);
        await replicas[victim].ended;
      },
      end: () => restartReplica(victim),
    },
  ];
}
