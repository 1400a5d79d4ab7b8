/** Not PostgreSQL's own. Pattern of `n.nspname`. */
const ownSchema = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";
const ofExtension = (catalog: string, oid: string) =>
  `EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`;
const granteeName = "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END";
const acl = (list: string) => `CROSS JOIN LATERAL aclexplode(${list}) a`;
const columnsOf = (relation: string, numbers: string) =>
  `ARRAY(SELECT k.attname::text FROM unnest(${numbers}::int2[]) WITH ORDINALITY u(number, place)
    JOIN pg_attribute k ON k.attrelid = ${relation} AND k.attnum = u.number ORDER BY u.place)`;

/**
 * One statement a kind of fact. All of it is readable by any login: https://www.postgresql.org/docs/17/catalogs.html. Privileges are
 * asked of the server (`has_…_privilege`) rather than read from access lists, so that PUBLIC and memberships count.
 */
export const statements = {
  access: `
    SELECT r.role, n.nspname AS schema, c.relname AS relation,
      ARRAY(SELECT k.attname::text FROM pg_attribute k
            WHERE k.attrelid = c.oid AND k.attnum > 0 AND NOT k.attisdropped
              AND has_column_privilege(r.role::name, c.oid, k.attnum, 'SELECT') ORDER BY 1) AS columns,
      ARRAY(SELECT p FROM unnest(ARRAY['INSERT', 'UPDATE', 'REFERENCES']) p WHERE has_any_column_privilege(r.role::name, c.oid, p)
            UNION ALL
            SELECT p FROM unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN']) p
            WHERE CASE WHEN p = 'MAINTAIN' AND current_setting('server_version_num')::int < 170000 THEN false
                       ELSE has_table_privilege(r.role::name, c.oid, p) END
            ORDER BY 1) AS writes
    FROM unnest($1::text[]) r(role), pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${ownSchema}`,

  grants: `
    SELECT o.kind, o.name, o.grantee, array_agg(DISTINCT o.privilege ORDER BY o.privilege) AS privileges, bool_or(o.grantable) AS grantable
    FROM (
      SELECT 'relation' AS kind, n.nspname || '.' || c.relname AS name, ${granteeName} AS grantee, a.privilege_type AS privilege,
        a.is_grantable AS grantable, a.grantee = c.relowner AS own
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace ${acl('c.relacl')} WHERE n.nspname = ANY ($1::text[])
      UNION ALL
      SELECT 'column', n.nspname || '.' || c.relname || '.' || k.attname, ${granteeName}, a.privilege_type, a.is_grantable, a.grantee = c.relowner
      FROM pg_attribute k JOIN pg_class c ON c.oid = k.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace ${acl('k.attacl')}
      WHERE n.nspname = ANY ($1::text[])
      UNION ALL
      SELECT 'function', n.nspname || '.' || f.proname, ${granteeName}, a.privilege_type, a.is_grantable, a.grantee = f.proowner
      FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace ${acl("coalesce(f.proacl, acldefault('f', f.proowner))")}
      WHERE n.nspname = ANY ($1::text[])
      UNION ALL
      SELECT 'schema', n.nspname, ${granteeName}, a.privilege_type, a.is_grantable, a.grantee = n.nspowner
      FROM pg_namespace n ${acl("coalesce(n.nspacl, acldefault('n', n.nspowner))")}
      WHERE n.nspname = ANY ($1::text[]) OR n.nspname = 'public'
      UNION ALL
      SELECT 'database', 'current', ${granteeName}, a.privilege_type, a.is_grantable, a.grantee = d.datdba
      FROM pg_database d ${acl("coalesce(d.datacl, acldefault('d', d.datdba))")} WHERE d.datname = current_database() AND a.grantee = 0
    ) o WHERE NOT o.own GROUP BY 1, 2, 3`,

  reach: `
    SELECT 'database' AS kind, 'current' AS name, r.role,
      ARRAY(SELECT p FROM unnest(ARRAY['CREATE', 'TEMPORARY']) p WHERE has_database_privilege(r.role::name, current_database(), p)) AS privileges
    FROM unnest($1::text[]) r(role)
    UNION ALL
    SELECT 'schema', n.nspname, r.role,
      ARRAY(SELECT p FROM unnest(ARRAY['CREATE', 'USAGE']) p WHERE has_schema_privilege(r.role::name, n.oid, p))
    FROM unnest($1::text[]) r(role), pg_namespace n WHERE n.nspname !~ '^pg_(toast|temp)'
    UNION ALL
    SELECT 'sequence', n.nspname || '.' || c.relname, r.role,
      ARRAY(SELECT p FROM unnest(ARRAY['USAGE', 'UPDATE']) p WHERE has_sequence_privilege(r.role::name, c.oid, p))
    FROM unnest($1::text[]) r(role), pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND ${ownSchema}`,

  policies: `
    SELECT c.relname AS relation, p.polname AS name, p.polcmd AS command, p.polpermissive AS permissive,
      ARRAY(SELECT CASE WHEN o = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(o)::text END FROM unnest(p.polroles) o ORDER BY 1) AS roles,
      pg_get_expr(p.polqual, p.polrelid) AS using,
      ARRAY(SELECT DISTINCT fn.nspname || '.' || f.proname FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
            JOIN pg_namespace fn ON fn.oid = f.pronamespace
            WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass ORDER BY 1) AS functions
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1`,

  functions: `
    SELECT n.nspname || '.' || f.proname AS name, pg_get_function_identity_arguments(f.oid) AS arguments,
      pg_get_userbyid(f.proowner) AS owner, f.prosecdef AS definer, f.provolatile AS volatility, f.proparallel AS parallel,
      f.proleakproof AS leakproof, coalesce(f.proconfig, '{}') AS settings, l.lanname AS language, l.lanpltrusted AS "languageTrusted",
      f.prosrc AS source, f.prosqlbody IS NOT NULL AS "parsedBody", ${ofExtension('pg_proc', 'f.oid')} AS extension,
      ARRAY(SELECT r.role FROM unnest($1::text[]) r(role) WHERE has_function_privilege(r.role::name, f.oid, 'EXECUTE') ORDER BY 1) AS executors
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace JOIN pg_language l ON l.oid = f.prolang
    WHERE ${ownSchema} AND (f.prosecdef OR NOT ${ofExtension('pg_proc', 'f.oid')})`,

  relations: `
    SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relrowsecurity AS "rowSecurity", c.relforcerowsecurity AS forced,
      coalesce(lower(array_to_string(c.reloptions, ',')) ~ 'security_invoker=(on|true|yes|1)', false) AS "securityInvoker",
      ${ofExtension('pg_class', 'c.oid')} AS extension,
      ARRAY(SELECT pn.nspname || '.' || pc.relname FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent
            JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE i.inhrelid = c.oid ORDER BY 1) AS parents,
      ARRAY(SELECT DISTINCT vn.nspname || '.' || vc.relname FROM pg_rewrite w
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
            JOIN pg_class vc ON vc.oid = d.refobjid JOIN pg_namespace vn ON vn.oid = vc.relnamespace
            WHERE w.ev_class = c.oid AND d.refobjid <> c.oid ORDER BY 1) AS reads,
      ARRAY(SELECT w.rulename::text FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN' ORDER BY 1) AS rules,
      coalesce((SELECT json_agg(json_build_object('name', t.tgname, 'function', tn.nspname || '.' || tf.proname, 'enabled', t.tgenabled)
                ORDER BY t.tgname) FROM pg_trigger t JOIN pg_proc tf ON tf.oid = t.tgfoid JOIN pg_namespace tn ON tn.oid = tf.pronamespace
                WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), '[]') AS triggers,
      ARRAY(SELECT k.attname::text FROM pg_attribute k WHERE k.attrelid = c.oid AND k.attnum > 0 AND k.attnotnull ORDER BY 1) AS "notNull",
      coalesce((SELECT json_agg(${columnsOf('c.oid', 'x.indkey')} ORDER BY x.indexrelid) FROM (
                  SELECT i.indexrelid, (i.indkey::int2[])[0:i.indnkeyatts - 1] AS indkey FROM pg_index i
                  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL) x), '[]') AS "uniqueKeys",
      coalesce((SELECT json_agg(json_build_object('columns', ${columnsOf('c.oid', 'f.conkey')}, 'references', fc.relname,
                  'referencedColumns', ${columnsOf('f.confrelid', 'f.confkey')}) ORDER BY f.conname)
                FROM pg_constraint f JOIN pg_class fc ON fc.oid = f.confrelid
                WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.convalidated), '[]') AS "foreignKeys"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ${ownSchema}`,

  settings: `
    SELECT coalesce(r.rolname, '') AS role, s.setting FROM pg_db_role_setting d
    CROSS JOIN LATERAL unnest(d.setconfig) s(setting) LEFT JOIN pg_roles r ON r.oid = d.setrole
    WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND (d.setrole = 0 OR r.rolname = ANY ($1::text[]))`,

  defaultGrants: `
    SELECT pg_get_userbyid(d.defaclrole) AS owner, coalesce(n.nspname, '') AS schema, d.defaclobjtype AS objects, ${granteeName} AS grantee,
      array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type) AS privileges
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace ${acl('d.defaclacl')} GROUP BY 1, 2, 3, 4`,

  // pg_init_privs tells what initdb itself took from PUBLIC: https://www.postgresql.org/docs/17/catalog-pg-init-privs.html
  builtins: `
    SELECT f.oid::regprocedure::text AS name, 'closed_by_bootstrap' AS kind, r.role, has_function_privilege(r.role::name, f.oid, 'EXECUTE') AS open
    FROM unnest($1::text[]) r(role), pg_proc f WHERE f.pronamespace = 'pg_catalog'::regnamespace AND f.proname = ANY ($2::text[])
    UNION ALL
    SELECT f.oid::regprocedure::text, 'closed_by_postgresql', r.role, true
    FROM unnest($1::text[]) r(role), pg_init_privs i JOIN pg_proc f ON f.oid = i.objoid
    WHERE i.classoid = 'pg_proc'::regclass AND i.privtype = 'i' AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) a WHERE a.grantee = 0)
      AND has_function_privilege(r.role::name, f.oid, 'EXECUTE')
    UNION ALL
    SELECT c.oid::regclass::text, 'catalogue', r.role, true
    FROM unnest($1::text[]) r(role), pg_init_privs i JOIN pg_class c ON c.oid = i.objoid
    WHERE i.classoid = 'pg_class'::regclass AND i.objsubid = 0 AND i.privtype = 'i' AND c.relkind IN ('r', 'v')
      AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) a WHERE a.grantee = 0)
      AND NOT EXISTS (SELECT FROM pg_init_privs j WHERE j.classoid = i.classoid AND j.objoid = i.objoid AND j.objsubid > 0)
      AND has_any_column_privilege(r.role::name, c.oid, 'SELECT')`,

  surroundings: `
    SELECT current_setting('server_version_num')::int AS version, current_setting('row_security') AS "rowSecurity",
      ARRAY(SELECT e.extname::text FROM pg_extension e ORDER BY 1) AS extensions,
      ARRAY(SELECT l.lanname::text FROM pg_language l WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c') ORDER BY 1) AS "untrustedLanguages",
      ARRAY(SELECT s.srvname::text FROM pg_foreign_server s ORDER BY 1) AS "foreignServers",
      coalesce((SELECT json_agg(json_build_object('name', t.evtname, 'event', t.evtevent) ORDER BY t.evtname)
                FROM pg_event_trigger t WHERE NOT ${ofExtension('pg_event_trigger', 't.oid')}), '[]') AS "eventTriggers",
      ARRAY(SELECT p.pubname::text FROM pg_publication p ORDER BY 1) AS publications,
      ARRAY(SELECT r.role FROM unnest($1::text[]) r(role)
            WHERE EXISTS (SELECT FROM pg_language l WHERE l.lanpltrusted AND l.lanname <> 'sql'
                          AND has_language_privilege(r.role::name, l.oid, 'USAGE')) ORDER BY 1) AS "languageUsers"`,
} as const;
