import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Observation } from '../../src/core/observation.ts';
import type { Job } from '../../src/schedule/job.ts';
import { createJobRuns, readRuns } from '../../src/schedule/job-runs.ts';
import { createScheduler, type Scheduler, type SchedulerOptions } from '../../src/schedule/scheduler.ts';
import { onEveryDatabase, type TestDatabase } from '../support/databases.ts';
import { handClock } from '../support/hand-clock.ts';

const minute = 60_000;
const hour = 60 * minute;

onEveryDatabase('schedules', (tier) => {
  let db: TestDatabase;
  let open: Scheduler[] = [];
  let seen: Observation[] = [];
  beforeAll(async () => {
    db = await tier.open();
  });
  afterAll(() => db.close());
  afterEach(async () => {
    await Promise.all(open.map((scheduler) => scheduler.close()));
    open = [];
    seen = [];
    await db.owner.query('DELETE FROM ops.job_runs');
  });

  const job = (changes: Partial<Job> = {}): Job => ({
    name: 'tidy',
    cron: '0 * * * *',
    purpose: 'tidies',
    timeoutMs: hour,
    run: async () => 'tidied',
    ...changes,
  });
  const schedule = (jobs: readonly Job[], changes: Partial<SchedulerOptions> = {}) => {
    const scheduler = createScheduler({
      ...{ jobs, session: db.database, holder: 'test', clock: handClock(), note: (told) => seen.push(told), ...changes },
    });
    open.push(scheduler);
    return scheduler;
  };
  /** The job is known since yesterday: an hour is owed. */
  const knownSince = (time: string, name = 'tidy') =>
    db.owner.query(
      `INSERT INTO ops.job_runs (job, scheduled_for, started_at, finished_at, outcome) VALUES ($1, $2, $2, $2, 'not_owed')`,
      [name, time],
    );
  const runs = async () => (await readRuns(db.database, 50)).filter(({ outcome }) => outcome !== 'not_owed');
  const pass = async (...schedulers: Scheduler[]) => {
    await Promise.all(schedulers.map((scheduler) => scheduler.tick()));
    await Promise.all(schedulers.map((scheduler) => scheduler.settled()));
  };
  const begun = () => {
    let go = () => {};
    const started = new Promise<void>((resolve) => {
      go = resolve;
    });
    return { started, go };
  };

  test('a job of the start runs at the first look, whenever it last ran, and then at its times', async () => {
    const clock = handClock(Date.UTC(2026, 10, 22, 0, 20));
    // Nothing is owed of the hour.
    await knownSince('2026-11-22T00:00Z');
    const [atStart, other] = [schedule([job({ atStart: true })], { clock }), schedule([job()], { clock })];
    await pass(atStart, other);
    clock.advance(minute);
    await pass(atStart, other);
    const times = async () => (await runs()).map(({ scheduledFor }) => scheduledFor.slice(11, 16)).sort();
    expect(await times()).toEqual(['00:20']);
    clock.advance(hour);
    await pass(atStart, other);
    expect(await times()).toEqual(['00:20', '01:00']);
  });

  test('48 hours with an outage of three: each daily run once, what was missed once, and nothing else', async () => {
    const clock = handClock(Date.UTC(2026, 10, 22));
    const ran: string[] = [];
    const told = (name: string, cron: string) =>
      job({
        name,
        cron,
        run: async () => {
          ran.push(`${name} ${new Date(clock.now()).toISOString().slice(8, 16)}`);
          return '';
        },
      });
    const jobs = [told('full', '0 2 * * *'), told('incremental', '15 * * * *')];
    let scheduler = schedule(jobs, { clock });
    for (let passed = 0; passed < 48 * hour; passed += 5 * minute) {
      // From 01:00 to 04:00 of the first day no server runs.
      if (passed === 1 * hour) await scheduler.close();
      if (passed === 4 * hour) scheduler = schedule(jobs, { clock });
      if (passed < 1 * hour || passed >= 4 * hour) await pass(scheduler);
      clock.advance(5 * minute);
    }
    expect(ran.filter((line) => line.startsWith('full'))).toEqual(['full 22T04:00', 'full 23T02:00']);
    const incrementals = ran.filter((line) => line.startsWith('incremental'));
    expect(incrementals.slice(0, 3)).toEqual(['incremental 22T00:15', 'incremental 22T04:00', 'incremental 22T04:15']);
    expect(incrementals).toHaveLength(48 - 3 + 1);
    const caughtUp = (await runs()).find(({ job, scheduledFor }) => job === 'full' && scheduledFor.startsWith('2026-11-22'));
    expect(caughtUp).toMatchObject({ scheduledFor: '2026-11-22T02:00:00Z', outcome: 'done', attempt: 1 });
  });

  test('of eight replicas that look at the same moment one runs the job', async () => {
    await knownSince('2026-11-21T00:00Z');
    let ran = 0;
    const replicas = Array.from({ length: 8 }, () =>
      schedule([
        job({
          run: async () => {
            ran += 1;
            return '';
          },
        }),
      ]),
    );
    await pass(...replicas);
    await pass(...replicas);
    expect(ran).toBe(1);
    expect(await runs()).toMatchObject([{ scheduledFor: '2026-11-22T00:00:00Z', outcome: 'done', attempt: 1 }]);
  });

  test('a run that is longer than the time between two does not overlap with the next, in no replica', async () => {
    await knownSince('2026-11-21T00:00Z');
    const { started, go } = begun();
    const finish = begun();
    const clock = handClock();
    const long = job({
      run: async (_signal, progress) => {
        progress({ step: 'rows', done: 3, total: 8 });
        go();
        await finish.started;
        return 'at last';
      },
    });
    const [one, other] = [schedule([long], { clock, leaseMs: 20 * minute }), schedule([job()], { clock })];
    await one.tick();
    await started;
    clock.advance(3 * hour);
    await pass(other);
    await one.tick();
    expect(await runs()).toMatchObject([{ scheduledFor: '2026-11-22T00:00:00Z', holder: 'test' }]);
    finish.go();
    await one.settled();
    await pass(other);
    expect((await runs()).map(({ scheduledFor, outcome }) => `${scheduledFor} ${outcome}`).sort()).toEqual([
      '2026-11-22T00:00:00Z done',
      '2026-11-22T03:00:00Z done',
    ]);
  });

  test('how far a run is can be seen while it runs', async () => {
    await knownSince('2026-11-21T00:00Z');
    const finish = begun();
    const scheduler = schedule(
      [
        job({
          run: async (_signal, progress) => {
            progress({ step: 'tables', done: 3, total: 8 });
            await finish.started;
            return '8 tables';
          },
        }),
      ],
      { leaseMs: 40 },
    );
    await scheduler.tick();
    await expect.poll(runs).toMatchObject([{ progress: { step: 'tables', done: 3, total: 8 } }]);
    expect((await runs())[0]).not.toHaveProperty('outcome');
    finish.go();
    await scheduler.settled();
    expect(await runs()).toMatchObject([{ outcome: 'done', detail: '8 tables' }]);
  });

  test('a replica that dies in the middle frees its run, another takes it up, and the dead one writes nothing more', async () => {
    await knownSince('2026-11-21T00:00Z');
    const { started, go } = begun();
    let stopped: unknown;
    const hangs = job({
      run: (signal) =>
        new Promise((resolve) => {
          go();
          // It hears that it has lost its run, and still claims to have done it.
          signal.addEventListener('abort', () => {
            stopped = signal.reason;
            resolve('done after all');
          });
        }),
    });
    const dying = schedule([hangs], { holder: 'first', leaseMs: 400 });
    await dying.tick();
    await started;
    // Nothing is heard of it: as if its process were frozen.
    await db.owner.query(
      `UPDATE ops.job_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE finished_at IS NULL`,
    );
    await pass(schedule([job()], { holder: 'second' }));
    await dying.settled();
    expect(await runs()).toMatchObject([{ outcome: 'done', detail: 'tidied', holder: 'second', attempt: 2 }]);
    expect(String(stopped)).toContain('another process has taken it over');
    expect(seen.flatMap((told) => (told.kind === 'job_ended' ? [`${told.outcome} ${told.attempt}`] : []))).toEqual([
      'abandoned 1',
      'done 2',
      'cancelled 1',
    ]);
  });

  test('a failure is recorded in words that may be shown, noted with its cause, and tried again after a while', async () => {
    await knownSince('2026-11-21T00:00Z');
    const failures = [new AppError('dependency_unavailable', 'No room at the target'), new Error('password=hunter2')];
    const failing = job({ run: async () => Promise.reject(failures.shift()) });
    const scheduler = schedule([failing], { retry: { mostAttempts: 2, retryAfterMs: hour } });
    await pass(scheduler);
    expect(await runs()).toMatchObject([{ outcome: 'failed', detail: 'No room at the target', attempt: 1 }]);
    await pass(scheduler);
    expect(failures).toHaveLength(1);
    await db.owner.query(`UPDATE ops.job_runs SET finished_at = finished_at - interval '61 minutes' WHERE outcome = 'failed'`);
    await pass(scheduler);
    expect(await runs()).toMatchObject([{ outcome: 'failed', detail: 'see the log', attempt: 2 }]);
    expect(seen.map((told) => [told.kind, 'where' in told ? told.where : ''])).toEqual([
      ['fault_met', 'job tidy'],
      ['job_ended', ''],
      ['fault_met', 'job tidy'],
      ['job_ended', ''],
    ]);
  });

  test('a run that takes too long is told to stop; one that does not listen is given up', async () => {
    await knownSince('2026-11-21T00:00Z');
    await knownSince('2026-11-21T00:00Z', 'deaf');
    const listens = job({ timeoutMs: 10, run: (signal) => new Promise((_, no) => signal.addEventListener('abort', no)) });
    const deaf = job({ name: 'deaf', timeoutMs: 10, run: () => new Promise(() => {}) });
    await pass(schedule([listens, deaf], { graceMs: 10 }));
    const detail = 'it did not end within 0.01 s';
    expect((await runs()).sort((a, b) => a.job.localeCompare(b.job))).toMatchObject([
      { job: 'deaf', outcome: 'failed', detail },
      { job: 'tidy', outcome: 'failed', detail },
    ]);
  });

  test('at a stop a run is cancelled, and taken up by the next server', async () => {
    await knownSince('2026-11-21T00:00Z');
    const { started, go } = begun();
    const scheduler = schedule([
      job({
        run: (signal) => {
          go();
          return new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason)));
        },
      }),
    ]);
    await scheduler.tick();
    await started;
    await scheduler.close();
    expect(await runs()).toMatchObject([{ outcome: 'cancelled', detail: 'the server was stopped' }]);
    await pass(schedule([job()]));
    expect(await runs()).toMatchObject([{ outcome: 'done', attempt: 2 }]);
  });

  test('a job that this installation cannot run is skipped, not failed', async () => {
    await knownSince('2026-11-21T00:00Z');
    await pass(schedule([job({ lacks: 'POSTGRES_OWNER_URL is not set' })]));
    expect(await runs()).toMatchObject([{ outcome: 'skipped', detail: 'POSTGRES_OWNER_URL is not set' }]);
  });

  test('a job that is new here waits for its next time', async () => {
    const clock = handClock(Date.UTC(2026, 10, 22, 5, 59));
    const scheduler = schedule([job()], { clock });
    await pass(scheduler);
    expect(await runs()).toEqual([]);
    clock.advance(minute);
    await pass(scheduler);
    expect(await runs()).toMatchObject([{ scheduledFor: '2026-11-22T06:00:00Z' }]);
  });

  test('a process runs so many jobs at once and no more; the others wait for the next look', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) await knownSince('2026-11-21T00:00Z', name);
    const finish = begun();
    const ran: string[] = [];
    const busy = (name: string) =>
      job({
        name,
        run: async () => {
          ran.push(name);
          await finish.started;
          return '';
        },
      });
    const scheduler = schedule(names.map(busy), { mostAtOnce: 2 });
    await scheduler.tick();
    await scheduler.tick();
    expect(ran).toEqual(['a', 'b']);
    finish.go();
    await scheduler.settled();
    await pass(scheduler);
    expect(ran).toEqual(names);
  });

  test('the history of a job is bounded', async () => {
    const kept = createJobRuns({ session: db.database, holder: 'test', leaseMs: minute, keptRuns: 3 });
    for (let hourOf = 0; hourOf < 6; hourOf += 1) {
      const claim = await kept.claim({ job: 'tidy', slot: Date.UTC(2026, 10, 22, hourOf), attempt: 0 });
      await kept.finish(claim as NonNullable<typeof claim>, 'done', 'x'.repeat(2000));
    }
    const left = await runs();
    expect(left.map(({ scheduledFor }) => scheduledFor.slice(11, 13))).toEqual(['05', '04', '03']);
    expect(left[0]?.detail).toHaveLength(500);
  });

  test('a database that is away is noted once, and looked for again', async () => {
    let away = true;
    const session = {
      query: (text: string, values?: Parameters<typeof db.database.query>[1]) =>
        away ? Promise.reject(new Error('connection refused')) : db.database.query(text, values),
    };
    await knownSince('2026-11-21T00:00Z');
    const scheduler = schedule([job()], { session });
    await pass(scheduler);
    await pass(scheduler);
    expect(seen.filter(({ kind }) => kind === 'fault_met')).toHaveLength(1);
    away = false;
    await pass(scheduler);
    expect(await runs()).toMatchObject([{ outcome: 'done' }]);
  });

  test('started, it looks by itself', async () => {
    await knownSince('2026-11-21T00:00Z');
    schedule([job()], { clock: systemClock }).start({ everyMs: 10, delayMs: 0 });
    await expect.poll(runs).toMatchObject([{ outcome: 'done' }]);
  });

  test('callers’ logins cannot see the runs', async () => {
    await expect(db.asStores([1], 'SELECT * FROM ops.job_runs')).rejects.toThrow(/permission denied/);
    await expect(db.asStores([1], 'SELECT * FROM ops.tool_usage')).rejects.toThrow(/permission denied/);
  });
});
