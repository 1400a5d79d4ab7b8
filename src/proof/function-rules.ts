import { type Installation, installedRoles } from '../postgres/privilege-check.ts';
import { type CatalogFacts, type FunctionFact, internalSchemas } from './catalog.ts';
import { type Finding, fault, notice } from './finding.ts';
import { scopeFunctionOf } from './policy-rules.ts';

export interface FunctionRuleOptions {
  readonly installation: Installation;
  /** The migrations' text with the role prefix filled in; then every function's body must stand in it. */
  readonly migrationsText?: string;
}

/** A definer function runs with its owner's rights, so its names must not be anyone else's to choose. */
const safeSearchPath = /^search_path=(""|pg_catalog(, *pg_temp)?|pg_temp)$/;

export function findFunctionFaults(facts: CatalogFacts, options: FunctionRuleOptions): Finding[] {
  const { definition } = options.installation;
  const current = scopeFunctionOf(facts);
  const forReaders = [definition.useScopeFunction, ...(current === undefined ? [] : [current])];
  return [
    ...facts.functions.flatMap((known) => examine(known, forReaders, options)),
    ...(current === undefined
      ? [
          fault(
            'scope_function_missing',
            definition.schema,
            'has no policy that asks for the tenants in scope',
            'zava-mcp-server migrate',
          ),
        ]
      : findScopeFunctionFaults(facts, options.installation, current)),
  ];
}

function examine(known: FunctionFact, forReaders: readonly string[], options: FunctionRuleOptions): Finding[] {
  return [
    ...findDefinerFaults(known, options.installation),
    ...findOpenDoors(known, forReaders, options.installation),
    ...findStrangeContent(known, options),
  ];
}

const signatureOf = (known: FunctionFact) => `${known.name}(${known.arguments})`;
const schemaOf = (known: FunctionFact) => known.name.slice(0, known.name.indexOf('.'));

function findDefinerFaults(known: FunctionFact, { prefix }: Installation): Finding[] {
  if (!known.definer) return [];
  const signature = signatureOf(known);
  const where = `function ${signature}`;
  const findings: Finding[] = [];
  if (!known.settings.some((setting) => safeSearchPath.test(setting)))
    findings.push(
      fault(
        'definer_search_path',
        where,
        'runs with its owner’s rights and resolves names by the caller’s search_path',
        `ALTER FUNCTION ${signature} SET search_path = pg_catalog, pg_temp`,
      ),
    );
  if (known.owner !== `${prefix}_owner` && known.executors.length > 0)
    findings.push(
      fault(
        'definer_owner',
        where,
        `runs with the rights of ${known.owner}`,
        `ALTER FUNCTION ${signature} OWNER TO ${prefix}_owner`,
      ),
    );
  return findings;
}

function findOpenDoors(known: FunctionFact, forReaders: readonly string[], installation: Installation): Finding[] {
  const { definition } = installation;
  if (forReaders.includes(known.name)) return [];
  const signature = signatureOf(known);
  const roles = installedRoles(installation).filter((role) => known.executors.includes(role.name));
  const callers = (kind: string) => roles.filter((role) => role.kind === kind).map((role) => role.name);
  const open = (id: string, names: readonly string[]) =>
    fault(
      id,
      `function ${signature}`,
      `can be called by ${names.join(', ')}`,
      `REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC, ${names.join(', ')}`,
    );
  const readers = callers('reader');
  const servers = callers('server');
  const closedToServer =
    [definition.schema, 'keys'].includes(schemaOf(known)) && known.name !== definition.tenantDirectoryFunction;
  return [
    ...(readers.length > 0 && (known.definer || !known.extension) ? [open('function_open_to_readers', readers)] : []),
    ...(servers.length > 0 && closedToServer ? [open('function_open_to_server', servers)] : []),
  ];
}

function findStrangeContent(known: FunctionFact, { installation, migrationsText }: FunctionRuleOptions): Finding[] {
  const signature = signatureOf(known);
  const where = `function ${signature}`;
  const ours = [installation.definition.schema, ...internalSchemas].includes(schemaOf(known));
  const findings: Finding[] = [];
  if (known.leakproof)
    findings.push(
      fault('function_leakproof', where, 'may see rows before the policies do', `ALTER FUNCTION ${signature} NOT LEAKPROOF`),
    );
  if (!known.languageTrusted && !known.extension)
    findings.push(
      fault(
        'function_untrusted_language',
        where,
        `is written in ${known.language}, which no privilege binds`,
        `DROP FUNCTION ${signature}`,
      ),
    );
  if (ours && migrationsText !== undefined && !known.parsedBody && !migrationsText.includes(known.source))
    findings.push(
      (known.definer || known.executors.length > 0 ? fault : notice)(
        'function_body',
        where,
        'is not the one that the migrations make',
        'Restore it from the migrations, and find out who changed it',
      ),
    );
  return findings;
}

function findScopeFunctionFaults(facts: CatalogFacts, installation: Installation, current: string): Finding[] {
  const { definition } = installation;
  const readers = installedRoles(installation).filter((role) => role.kind === 'reader');
  return [definition.useScopeFunction, current].flatMap((name) => {
    const where = `function ${name}`;
    const known = facts.functions.find((fact) => fact.name === name);
    if (known === undefined) return [fault('scope_function_missing', where, 'does not exist', 'zava-mcp-server migrate')];
    const findings: Finding[] = [];
    const alter = (change: string) => `ALTER FUNCTION ${name}(${known.arguments}) ${change}`;
    if (!known.definer)
      findings.push(fault('scope_function_invoker', where, 'runs with the caller’s rights', alter('SECURITY DEFINER')));
    const without = readers.filter((role) => !known.executors.includes(role.name)).map((role) => role.name);
    if (without.length > 0)
      findings.push(
        fault(
          'scope_function_closed',
          where,
          `cannot be called by ${without.join(', ')}`,
          `GRANT EXECUTE ON FUNCTION ${name}(${known.arguments}) TO ${without.join(', ')}`,
        ),
      );
    if (name === current) findings.push(...findParallelFaults(known, alter));
    return findings;
  });
}

/** A parallel worker has its own process id and no subtransactions: a function that looks at either loses rows without a word. */
function findParallelFaults(known: FunctionFact, alter: (change: string) => string): Finding[] {
  const where = `function ${known.name}`;
  const findings: Finding[] = [];
  if (known.volatility !== 's')
    findings.push(fault('scope_function_volatility', where, 'is not STABLE, so it may run once a row', alter('STABLE')));
  if (/pg_backend_pid|\bEXCEPTION\s+WHEN\b/i.test(known.source))
    findings.push(
      fault(
        'scope_function_parallel',
        where,
        'depends on the process it runs in: parallel plans lose rows',
        'Restore it from the migrations',
      ),
    );
  else if (known.parallel !== 's')
    findings.push(
      notice('scope_function_serial', where, 'is not PARALLEL SAFE: no query is planned in parallel', alter('PARALLEL SAFE')),
    );
  return findings;
}
