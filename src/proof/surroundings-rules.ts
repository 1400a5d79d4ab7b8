import { type Installation, installedRoles } from '../postgres/privilege-check.ts';
import type { BuiltinFact, CatalogFacts } from './catalog.ts';
import { type Finding, fault, notice } from './finding.ts';
import { scopeFunctionOf } from './policy-rules.ts';

export interface SurroundingsRuleOptions {
  readonly installation: Installation;
  /** On the embedded database one superuser session serves all, so closing `set_config` is no choice there. */
  readonly embedded: boolean;
}

const knownExtensions = ['plpgsql', 'vector', 'pg_trgm', 'pg_stat_statements', 'hypopg'];
/** They run SQL given as text, read files, or reach other servers. */
const reachingExtensions = [
  'dblink',
  'postgres_fdw',
  'file_fdw',
  'adminpack',
  'tablefunc',
  'xml2',
  'lo',
  'pageinspect',
  'pg_surgery',
];

export function findSurroundingFaults(facts: CatalogFacts, options: SurroundingsRuleOptions): Finding[] {
  return [
    ...findForeignParts(facts),
    ...findOpenBuiltins(facts, options),
    ...findSettingFaults(facts, options.installation),
    ...findMemberNotices(facts, options.installation),
  ];
}

function findForeignParts({ surroundings }: CatalogFacts): Finding[] {
  const extension = (name: string) =>
    reachingExtensions.includes(name) || /^pl/.test(name)
      ? fault(
          'extension_reaches_out',
          `extension ${name}`,
          'runs SQL or code given as text, or reaches outside',
          `DROP EXTENSION ${name}`,
        )
      : notice(
          'extension_unknown',
          `extension ${name}`,
          'is not among those that were examined',
          `Examine it, or DROP EXTENSION ${name}`,
        );
  return [
    ...surroundings.extensions.filter((name) => !knownExtensions.includes(name)).map(extension),
    ...surroundings.untrustedLanguages.map((name) =>
      fault('untrusted_language', `language ${name}`, 'is bound by no privilege', `DROP LANGUAGE ${name}`),
    ),
    ...surroundings.foreignServers.map((name) =>
      fault('foreign_server', `foreign server ${name}`, 'connects to another database', `DROP SERVER ${name} CASCADE`),
    ),
    ...surroundings.eventTriggers.map(({ name, event }) =>
      (event === 'login' ? fault : notice)(
        'event_trigger',
        `event trigger ${name}`,
        `runs code at every ${event}`,
        `DROP EVENT TRIGGER ${name}`,
      ),
    ),
    ...surroundings.publications.map((name) =>
      notice(
        'publication',
        `publication ${name}`,
        'sends rows to subscribers, where no policy of this database holds',
        `DROP PUBLICATION ${name}`,
      ),
    ),
    ...(surroundings.rowSecurity === 'on'
      ? []
      : [fault('row_security_off', 'setting row_security', 'is off', 'ALTER DATABASE … RESET row_security')]),
  ];
}

function findOpenBuiltins(facts: CatalogFacts, { embedded }: SurroundingsRuleOptions): Finding[] {
  const open = (kind: BuiltinFact['kind']) => [
    ...new Set(facts.builtins.filter((builtin) => builtin.kind === kind && builtin.open).map((builtin) => builtin.name)),
  ];
  const closable = [...new Set(facts.builtins.filter(({ kind }) => kind === 'closed_by_bootstrap').map(({ name }) => name))];
  const dangerous = open('closed_by_bootstrap');
  // All open: no administrator could close them here. Some open: the wall stands and has a hole.
  const severity = embedded || dangerous.length < closable.length ? fault : notice;
  const findings = open('closed_by_postgresql').map((name) =>
    fault(
      'privileged_function_open',
      `function ${name}`,
      'is closed by PostgreSQL itself, and open to readers',
      `REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`,
    ),
  );
  if (dangerous.length > 0)
    findings.push(
      severity(
        'dangerous_functions_open',
        'built-in functions',
        `readers may call ${dangerous.join(', ')}`,
        'zava-mcp-server bootstrap --admin-url <superuser>',
      ),
    );
  for (const name of open('catalogue'))
    findings.push(
      fault(
        'privileged_catalogue_open',
        `catalogue ${name}`,
        'is closed by PostgreSQL itself, and open to readers',
        `REVOKE ALL ON ${name} FROM PUBLIC`,
      ),
    );
  const { languageUsers } = facts.surroundings;
  if (languageUsers.length > 0)
    findings.push(
      severity(
        'language_open',
        'procedural languages',
        `can be used by ${languageUsers.join(', ')} (DO blocks)`,
        'REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC',
      ),
    );
  return findings;
}

/** Settings that a login must bring along: name and what counts as set. */
const requiredSettings: readonly (readonly [string, RegExp])[] = [
  ['default_transaction_read_only', /^(on|true|yes|1)$/],
  ['statement_timeout', /^[1-9]/],
  ['lock_timeout', /^[1-9]/],
  ['idle_in_transaction_session_timeout', /^[1-9]/],
  ['search_path', /^"?pg_catalog"?(,|$)/],
];
const forbiddenSettings = [
  'role',
  'row_security',
  'session_authorization',
  'session_replication_role',
  'session_preload_libraries',
  'local_preload_libraries',
];

function findSettingFaults(facts: CatalogFacts, installation: Installation): Finding[] {
  const scopeSources = facts.functions
    .filter((known) => [installation.definition.useScopeFunction, scopeFunctionOf(facts)].includes(known.name))
    .map((known) => known.source);
  const settings = facts.settings.map(({ role, setting }) => {
    const [name = '', ...value] = setting.split('=');
    return { role, name: name.toLowerCase(), value: value.join('=') };
  });
  const forbidden = settings
    .filter(
      ({ name }) =>
        forbiddenSettings.includes(name) || (name.includes('.') && scopeSources.some((text) => text.includes(`'${name}'`))),
    )
    .map(({ role, name, value }) =>
      fault(
        'role_setting_forbidden',
        role === '' ? 'every role' : `role ${role}`,
        `starts its sessions with ${name} = ${value}`,
        role === '' ? `ALTER DATABASE … RESET ${name}` : `ALTER ROLE ${role} IN DATABASE … RESET ${name}`,
      ),
    );
  const readers = installedRoles(installation).filter((role) => role.kind === 'reader');
  const missing = readers.flatMap(({ name: role }) =>
    requiredSettings
      .filter(([name, valid]) => {
        const given = settings.filter((setting) => setting.role === role && setting.name === name);
        return given.length === 0 || given.some((setting) => !valid.test(setting.value));
      })
      .map(([name]) =>
        fault(
          'role_setting_missing',
          `role ${role}`,
          `does not start its sessions with ${name} as it must`,
          'zava-mcp-server bootstrap --admin-url <administrator>',
        ),
      ),
  );
  return [...forbidden, ...missing];
}

/** Whoever is a member of the owner or of a reader acts with its rights. */
function findMemberNotices(facts: CatalogFacts, installation: Installation): Finding[] {
  const ours = installedRoles(installation).map((role) => role.name);
  return facts.roles.flatMap((role) => {
    const strangers = role.members.filter((member) => !ours.includes(member));
    if (strangers.length === 0) return [];
    return [
      notice(
        'role_has_members',
        `role ${role.name}`,
        `can be taken on by ${strangers.join(', ')}`,
        `REVOKE ${role.name} FROM ${strangers.join(', ')}`,
      ),
    ];
  });
}
