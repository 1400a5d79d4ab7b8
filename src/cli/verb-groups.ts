import { type Command, Option } from 'commander';
import { accountDays, json, overlapSeconds, wholeNumber } from './arguments.ts';

/** Takes the exit code of the verb that ran. */
export type Finish = (code: number) => void;

/** Nouns with verbs of their own. */
export function addVerbGroups(program: Command, finish: Finish): void {
  addKeyAndAuditVerbs(program, finish);
  addLookVerbs(program, finish);
  addAdviceVerbs(program, finish);
  addScaleVerbs(program, finish);
  addAlertVerbs(program, finish);
  addContributeVerbs(program, finish);
  addJobsAndCost(program, finish);
  addBackupVerbs(program, finish);
}

function addKeyAndAuditVerbs(program: Command, finish: Finish): void {
  program
    .command('keys')
    .description('the keys of this installation')
    .command('rotate')
    .description('a new encryption key, or a new key for tenant scopes; no call fails and nothing sealed is lost')
    .option('--scope', 'the key that signs tenant scopes, as the owner (POSTGRES_OWNER_URL)')
    .option('--overlap <seconds>', 'with --scope: how long the old key is still good (120)', overlapSeconds)
    .addOption(json())
    .action(async (options) => finish(await (await import('./keys.ts')).rotateKeys(options)));
  const audit = program.command('audit').description('the audit trail');
  const previous = () => new Option('--after <file>', 'the export before, which this one continues');
  audit
    .command('verify')
    .argument('[file]', 'an export; without one the trail in the database')
    .description('name the first record that was altered, removed, reordered or cut off')
    .addOption(previous())
    .option('--keys <file>', 'public keys as `audit keys` prints them (default: the server’s own)')
    .addOption(json())
    .action(async (file, options) => finish(await (await import('./audit.ts')).verifyTrail(file, options)));
  audit
    .command('export')
    .description('the trail as JSON lines, sealed and signed')
    .option('--out <file>', 'a new file in place of stdout')
    .addOption(previous())
    .option('--until <time>', 'leave out what happened at this time or later')
    .action(async (options) => finish(await (await import('./audit.ts')).exportTrail(options)));
  audit
    .command('keys')
    .description('print the public keys that verify the trail’s signatures')
    .action(async () => finish(await (await import('./audit.ts')).printAuditKeys()));
}

/** What is looked at: a running server, product search, the settings. */
function addLookVerbs(program: Command, finish: Finish): void {
  program
    .command('debug')
    .description('look into a running server')
    .command('trace')
    .argument('<request-id>', 'as X-Request-Id and the log have it')
    .description('what a request spent its time on, without what it asked')
    .addOption(json())
    .action(async (requestId, options) => finish(await (await import('./debug-trace.ts')).debugTrace(requestId, options)));
  program
    .command('search')
    .description('product search')
    .command('eval')
    .argument('<file>', 'judged queries as JSON')
    .description('score product search by judged queries, beside simpler systems')
    .addOption(json())
    .action(async (file, options) => finish(await (await import('./search.ts')).evaluateSearch(file, options)));
  const config = program.command('config').description('the effective settings');
  config
    .command('check')
    .description('name everything that is wrong with the settings')
    .action(async () => finish(await (await import('./config.ts')).checkConfig()));
  config
    .command('show')
    .description('every setting with its source, secrets masked')
    .addOption(json())
    .action(async (options) => finish(await (await import('./config.ts')).showConfig(options)));
}

function addAdviceVerbs(program: Command, finish: Finish): void {
  const advise = program.command('advise').description('advice on the database');
  advise
    .command('indexes')
    .description('indexes that are missing, superfluous, unused or broken, by what has been asked; measured where hypopg is')
    .option(
      '--apply',
      'build, as the owner (POSTGRES_OWNER_URL), what is missing, and mend what is INVALID; nothing else is dropped',
    )
    .addOption(json())
    .action(async (options) => finish(await (await import('./advise-database.ts')).adviseOnIndexes(options)));
  advise
    .command('queries')
    .description('the statements that take the most time, without literals, with likely causes')
    .addOption(json())
    .action(async (options) => finish(await (await import('./advise-database.ts')).adviseOnQueries(options)));
  advise
    .command('vectors')
    .description('exact or approximate vector search: rows, choice, index and measured recall')
    .addOption(json())
    .action(async (options) => finish(await (await import('./advise.ts')).adviseOnVectors(options)));
}

function addScaleVerbs(program: Command, finish: Finish): void {
  const scale = program.command('scale').description('how many workers or replicas there should be');
  scale
    .command('advise')
    .description('what the autoscaler would do, and why: by what the replicas tell in Redis, or by these figures')
    .option('--cpu <percent>', 'mean of the instances', wholeNumber)
    .option('--memory <percent>', 'of the fullest instance', wholeNumber)
    .option('--queue <calls>', 'calls that wait for a database connection', wholeNumber)
    .option('--instances <count>', 'how many there are', wholeNumber)
    .addOption(json())
    .action(async (options) => finish(await (await import('./scale.ts')).adviseOnScale(options)));
  scale
    .command('rules')
    .description('the same policy as rules of a platform that scales by itself')
    .addOption(new Option('--for <platform>', 'whose rules').choices(['keda', 'container-apps']).makeOptionMandatory())
    .option('--prometheus <url>', 'where KEDA asks for the queue', 'http://prometheus.monitoring:9090')
    .action(async (options) => finish(await (await import('./scale.ts')).printScaleRules(options)));
}

function addBackupVerbs(program: Command, finish: Finish): void {
  const load = () => import('./backup.ts');
  const backup = program.command('backup').description('backups that restore: sealed, checked, proved by drills');
  backup
    .command('create')
    .description('take one, as the operator (POSTGRES_OPERATOR_URL), to BACKUP_TARGET')
    .addOption(
      new Option('--kind <kind>', 'incremental: since the last one, where the server can')
        .choices(['full', 'incremental'])
        .default('full'),
    )
    .addOption(json())
    .action(async (options) => finish(await (await load()).createBackup(options)));
  backup
    .command('list')
    .description('what there is, and what of it cannot be restored')
    .addOption(json())
    .action(async (options) => finish(await (await load()).listBackups(options)));
  backup
    .command('verify')
    .argument('[name]', 'one backup and what it builds on; without a name all of them')
    .description('read every byte and compare it with what was written')
    .addOption(json())
    .action(async (name, options) => finish(await (await load()).verifyBackup(name, options)));
  backup
    .command('restore')
    .argument('[name]', 'without a name the latest full one')
    .description('bring one back, into an empty database or a new folder')
    .option('--to <url>', 'a database that bootstrap has prepared, as its owner; or the name of one beside POSTGRES_OWNER_URL’s')
    .option('--to-directory <folder>', 'base and incremental backups: a new data directory; embedded: a new DATA_DIR')
    .option('--replace', 'with --to: lose what the database holds')
    .addOption(json())
    .action(async (name, options) => finish(await (await load()).restoreBackup(name, options)));
  backup
    .command('drill')
    .argument('[name]', 'without a name the latest full one')
    .description('restore into a scratch database, compare, prove, drop it; tells RPO and RTO')
    .addOption(json())
    .action(async (name, options) => finish(await (await load()).drillBackup(name, options)));
  backup
    .command('prune')
    .description('remove what has expired (BACKUP_RETENTION_DAYS, and 12 monthly ones)')
    .addOption(json())
    .action(async (options) => finish(await (await load()).pruneBackups(options)));
}

function addJobsAndCost(program: Command, finish: Finish): void {
  const jobs = program.command('jobs').description('scheduled jobs');
  jobs
    .command('list')
    .description('every job: when it is due, what it lacks here, and its last runs')
    .addOption(json())
    .action(async (options) => finish(await (await import('./jobs.ts')).listJobs(options)));
  jobs
    .command('run')
    .argument('<name>', 'a job that `jobs list` shows')
    .description('run one job now, in this process')
    .addOption(json())
    .action(async (name, options) => finish(await (await import('./jobs.ts')).runJobNow(name, options)));
  const cost = program.command('cost').description('what the service costs');
  cost
    .command('estimate')
    .description('a month by list prices, from what is measured and what you assume')
    .option('--refresh', 'fetch the prices of today from the public Azure Retail Prices API')
    .addOption(
      new Option('--assume <name=value...>', 'what cannot be measured, for example container_vcpu=1').default([], 'none'),
    )
    .addOption(json())
    .action(async (options) => finish(await (await import('./cost.ts')).estimateCost(options)));
  cost
    .command('report')
    .description('what calls have used, by tenant and tool')
    .option('--days <number>', 'days up to today (UTC)', accountDays, 30)
    .addOption(json())
    .action(async (options) => finish(await (await import('./cost.ts')).reportCost(options)));
}

/** For people who work on this server, in a checkout of it. */
function addContributeVerbs(program: Command, finish: Finish): void {
  const contribute = program.command('contribute').description('help for contributors, in a checkout');
  contribute
    .command('guide')
    .description('where to begin, by what you know and by what the checkout lacks')
    .option('--skills <skill...>', 'what you know, for example typescript sql security', [])
    .addOption(
      new Option('--experience <level>', 'with this project')
        .choices(['beginner', 'intermediate', 'advanced'])
        .default('beginner'),
    )
    .addOption(json())
    .action(async (options) => finish(await (await import('./contribute.ts')).guide(options)));
  contribute
    .command('check')
    .description('what a change still lacks: tests, documents, form, review, measurement')
    .option('--base <branch>', 'what the change starts from', 'main')
    .addOption(json())
    .action(async (options) => finish(await (await import('./contribute.ts')).check(options)));
}

function addAlertVerbs(program: Command, finish: Finish): void {
  const alerts = program.command('alerts').description('alert rules and the channels that tell of them');
  alerts
    .command('rules')
    .description('the rules in effect')
    .addOption(json())
    .action(async (options) => finish(await (await import('./alerts.ts')).listAlertRules(options)));
  alerts
    .command('test')
    .description('send a test notice by every configured channel')
    .option('--channel <name>', 'by this one only: log, webhook, slack, teams or email')
    .action(async (options) => finish(await (await import('./alerts.ts')).testAlertChannels(options)));
  alerts
    .command('prometheus')
    .description('print the rules as a rule file for Prometheus')
    .action(async () => finish(await (await import('./alerts.ts')).printPrometheusRules()));
  alerts
    .command('grafana')
    .description('print a dashboard of every metric, for Grafana')
    .action(async () => finish(await (await import('./alerts.ts')).printGrafanaDashboard()));
}
