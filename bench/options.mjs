import { parseArgs } from 'node:util';
import { BenchError } from './places.mjs';

export const USAGE = `Options:
  --only Q1,Q2            these workloads only (Q1-Q6; C1, C3 cached; M2, M3 by the metrics tool)
  --seconds N             length of one measurement (default 4)
  --rounds N              rounds, of which medians are told (default 3)
  --concurrency 1,16,64   calls in flight
  --cold-starts N         starts from which the median is taken (default 5, 0 = none)
  --store NAME            whose manager asks (default Seattle)
  --quick                 1 second, 1 round, 16 in flight, 1 start: to see that it works, not to compare
  --profile               only this server, under the CPU profiler; prints where its time goes
  --main FILE             another build than dist/main.js
  --name NAME             end of the report's file name
  --servers a,b           peers: only these (toolbox, dbhub, reference, pgbench)
`;

/** @param {readonly string[]} args */
export function parseOptions(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        only: text,
        seconds: text,
        rounds: text,
        concurrency: text,
        'cold-starts': text,
        store: { ...text, default: 'Seattle' },
        quick: flag,
        profile: flag,
        main: text,
        name: text,
        servers: text,
        help: flag,
      },
    }));
  } catch (error) {
    throw new BenchError(`${error.message}\n\n${USAGE}`);
  }
  const { quick } = values;
  return {
    only: values.only,
    seconds: positive('--seconds', values.seconds, quick ? 1 : 4),
    rounds: positive('--rounds', values.rounds, quick ? 1 : 3),
    concurrency: (values.concurrency ?? (quick ? '16' : '1,16,64')).split(',').map((each) => positive('--concurrency', each)),
    coldStarts: values['cold-starts'] === '0' ? 0 : positive('--cold-starts', values['cold-starts'], quick ? 1 : 5),
    store: values.store,
    quick,
    profile: values.profile,
    main: values.main,
    name: values.name,
    servers: values.servers?.split(','),
    help: values.help,
  };
}

function positive(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) throw new BenchError(`${name} ${text} is not a number above 0`);
  return value;
}
