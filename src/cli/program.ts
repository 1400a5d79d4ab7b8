import { Command, CommanderError, Option } from 'commander';
import { json, portNumber, seconds, wholeNumber } from './arguments.ts';
import { exitCodeOf, exitCodes, explain } from './exit-code.ts';
import { addVerbGroups } from './verb-groups.ts';
import { readVersion } from './version.ts';

const role = () => new Option('--role <role>', 'of the served schema; of retail: super_admin, regional_manager or store_manager');
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
    .option('--for-drills', 'also make the database that `backup drill` copies')
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

/** Commander would take the word for an argument of the default verb. */
function refuseUnknownVerb(program: Command, word = '-'): void {
  if (word.startsWith('-') || word === 'help' || program.commands.some((verb) => verb.name() === word)) return;
  program.error(`error: there is no verb '${word}'`, { exitCode: exitCodes.usage });
}

/** Who reads on (`| head`) may have read enough: then there is nobody left to tell. Serving has its own way of ending. */
function endWithTheReader(verb: Command): void {
  if (verb.name() === 'serve') return;
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.done);
  });
}

/** Runs one command line and returns its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code = 0;
  try {
    const program = createProgram((result) => {
      code = result;
    });
    refuseUnknownVerb(program, argv[2]);
    program.hook('preAction', (_program, verb) => endWithTheReader(verb));
    await program.parseAsync([...argv]);
  } catch (error) {
    code = exitCodeOf(error);
    // Commander has told its own errors already.
    if (!(error instanceof CommanderError)) process.stderr.write(explain(error));
  }
  return code;
}
