import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exitCodeOf, exitCodes, explain } from './exit-code.ts';
import { readVersion } from './version.ts';

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('a whole number is expected');
  return Number(text);
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('ports end at 65535');
  return port;
}

function seconds(text: string): number {
  const count = wholeNumber(text);
  if (count === 0) throw new InvalidArgumentError('a token lives for at least a second');
  return count;
}

/** A day is more than any server needs to get a new key. */
function overlapSeconds(text: string): number {
  const count = wholeNumber(text);
  if (count > 86_400) throw new InvalidArgumentError('the overlap is a day (86400 s) at the most');
  return count;
}

const json = () => new Option('--json', 'machine-readable output on stdout');
const role = () => new Option('--role <role>', 'super_admin, regional_manager or store_manager');
const store = () => new Option('--store <name...>', 'stores by full name, last word or key').default([], 'none');
const region = () => new Option('--region <name...>', 'regions by name').default([], 'none');

/** Every verb in one place. Each one's code is loaded when it runs, so that none slows another's start. */
export function createProgram(finish: (code: number) => void): Command {
  const program = new Command('zava-mcp-server')
    .description('MCP server for PostgreSQL: an agent asks in SQL and gets the rows of its own tenants, and only those')
    .version(readVersion(), '-v, --version')
    .showHelpAfterError('(--help shows the verbs and options)')
    .exitOverride();

  program
    .command('serve', { isDefault: true })
    .description('serve MCP over stdio (default) or HTTP')
    .addOption(new Option('--transport <transport>', 'how clients connect').choices(['stdio', 'http']).default('stdio'))
    .option('--port <number>', 'port of the HTTP transport (0: any free one)', portNumber)
    .addOption(role())
    .addOption(store())
    .addOption(region())
    .action(async (options) => finish(await (await import('./serve.ts')).serve(options)));
  program
    .command('token')
    .description('print a token of the development issuer')
    .addOption(role().makeOptionMandatory())
    .addOption(store())
    .addOption(region())
    .option('--subject <subject>', 'who the token speaks for', 'developer')
    .option('--ttl <seconds>', 'lifetime', seconds, 3600)
    .action(async (options) => finish(await (await import('./token.ts')).token(options)));
  program
    .command('bootstrap')
    .description('once, by an administrator: roles, passwords, extensions, revokes, keys')
    .requiredOption('--admin-url <url>', 'connection string of an administrator; its password may come from PGPASSWORD')
    .action(async (options) => finish(await (await import('./bootstrap.ts')).bootstrapServer(options)));
  program
    .command('migrate')
    .description('bring the schema up to date, as the owner (POSTGRES_OWNER_URL)')
    .action(async () => finish(await (await import('./migrate.ts')).migrateServer()));
  program
    .command('seed')
    .description('fill the database with the sample data, or verify it')
    .option('--scale <customers>', 'number of customers', wholeNumber)
    .option('--full', 'the full data set: 50,000 customers')
    .option('--seed <number>', 'same seed, same rows', wholeNumber)
    .option('--end-date <date>', 'last day with orders, YYYY-MM-DD')
    .option('--batch-size <rows>', 'rows a bulk statement', wholeNumber)
    .option('--force', 'replace what is there (never in production)')
    .option('--verify', 'check the data in place of loading it')
    .addOption(json())
    .action(async (options) => finish(await (await import('./seed.ts')).seed(options)));
  program
    .command('index-products')
    .description('embed what is new or changed in the catalogue, as the owner (POSTGRES_OWNER_URL)')
    .addOption(json())
    .action(async (options) => finish(await (await import('./index-products.ts')).indexProductsOf(options)));
  program
    .command('doctor')
    .description('check the installation, with a remedy for each fault')
    .addOption(json())
    .action(async (options) => finish(await (await import('./doctor.ts')).doctor(options)));
  program
    .command('prove')
    .description('prove the isolation of tenants: inspection and executed attacks, as a dated report')
    .addOption(json())
    .action(async (options) => finish(await (await import('./prove.ts')).prove(options)));
  program
    .command('health')
    .description('ask a running server whether it is ready')
    .option('--quiet', 'answer by exit code only')
    .action(async (options) => finish(await (await import('./health.ts')).health(options)));
  program
    .command('revoke')
    .description('end one token, or every token that a subject has by now')
    .option('--jti <id>', 'the token’s id')
    .option('--subject <subject>', 'the claim sub')
    .option('--reason <text>', 'for the record', '')
    .option('--keep-days <days>', 'the longest such a token can still live', wholeNumber, 30)
    .action(async (options) => finish(await (await import('./revoke.ts')).revoke(options)));
  addVerbGroups(program, finish);
  return program;
}

/** Nouns with verbs of their own. */
function addVerbGroups(program: Command, finish: (code: number) => void): void {
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
  program
    .command('search')
    .description('product search')
    .command('eval')
    .argument('<file>', 'judged queries as JSON')
    .description('score product search by judged queries, beside simpler systems')
    .addOption(json())
    .action(async (file, options) => finish(await (await import('./search.ts')).evaluateSearch(file, options)));
  program
    .command('advise')
    .description('advice on the database')
    .command('vectors')
    .description('exact or approximate vector search: rows, choice, index and measured recall')
    .addOption(json())
    .action(async (options) => finish(await (await import('./advise.ts')).adviseOnVectors(options)));
  addContributeVerbs(program, finish);
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

/** For people who work on this server, in a checkout of it. */
function addContributeVerbs(program: Command, finish: (code: number) => void): void {
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

/** Commander would take the word for an argument of the default verb. */
function refuseUnknownVerb(program: Command, word = '-'): void {
  if (word.startsWith('-') || word === 'help' || program.commands.some((verb) => verb.name() === word)) return;
  program.error(`error: there is no verb '${word}'`, { exitCode: exitCodes.usage });
}

/** Runs one command line and returns its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code = 0;
  try {
    const program = createProgram((result) => {
      code = result;
    });
    refuseUnknownVerb(program, argv[2]);
    await program.parseAsync([...argv]);
  } catch (error) {
    code = exitCodeOf(error);
    // Commander has told its own errors already.
    if (!(error instanceof CommanderError)) process.stderr.write(explain(error));
  }
  return code;
}
