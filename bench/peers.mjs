#!/usr/bin/env node
// This server beside others and beside bare PostgreSQL, in turn: docs/how-to/run-the-benchmarks.md.
import { parseOptions, USAGE } from './options.mjs';
import { progress } from './places.mjs';
import { dbhub } from './servers/dbhub.mjs';
import { captureFinalSql } from './servers/final-sql.mjs';
import { ours } from './servers/ours.mjs';
import { findPgbench, pgbenchPlain, pgbenchScoped } from './servers/pgbench.mjs';
import { reference } from './servers/reference.mjs';
import { toolbox } from './servers/toolbox.mjs';
import { bench, prepare, runMain } from './session.mjs';

await runMain(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const prepared = await prepare(options);
  const { authentication, main, tenant, variants, workloads } = prepared;
  const wanted = (name) => options.servers === undefined || options.servers.includes(name);
  const own = ours({ authentication, main });
  const contenders = [own, ...[toolbox(), dbhub(), reference()].filter(({ name }) => wanted(name))];
  if (workloads.some(({ id }) => id.startsWith('C'))) contenders.push(ours({ authentication, main, cached: true }));
  if (wanted('pgbench')) {
    if (findPgbench() === undefined) progress('pgbench is not on this machine: install postgresql-contrib');
    else {
      progress('looking at the SQL that this server sends');
      const finalSql = await captureFinalSql(own, workloads, variants);
      contenders.push(pgbenchScoped({ tenant, finalSql }), pgbenchPlain({ variants }));
    }
  }
  await bench(options, 'peers', prepared, contenders);
});
