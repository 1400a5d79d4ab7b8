import type { OwnerSession } from '../../src/postgres/database.ts';

const ours = "('retail', 'ops', 'audit', 'keys')";

/** All that a migration can make, as text: two equal dumps are two equal schemas. */
export async function dumpCatalog(admin: OwnerSession): Promise<string[]> {
  const rows = await admin.query(`
    SELECT format('column %s.%s %s %s null=%s default=%s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attacl,
                  NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS line
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
      WHERE n.nspname IN ${ours} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v')
    UNION ALL SELECT format('relation %s %s %s %s %s %s %s', c.oid::regclass, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.reloptions, pg_get_userbyid(c.relowner))
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ${ours}
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace::regnamespace::text IN ${ours}
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname IN ${ours}
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      WHERE c.relnamespace::regnamespace::text IN ${ours} AND NOT t.tgisinternal
    UNION ALL SELECT 'policy ' || p::text FROM pg_policies p
    UNION ALL SELECT format('function %s %s %s', p.oid::regprocedure, p.proacl, pg_get_functiondef(p.oid)) FROM pg_proc p WHERE pronamespace::regnamespace::text IN ${ours}
    UNION ALL SELECT format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace::regnamespace::text IN ${ours}
    UNION ALL SELECT format('schema %s %s %s', nspname, nspacl, pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname IN ('public', 'extensions', 'retail', 'ops', 'audit', 'keys')
    UNION ALL SELECT format('default %s %s', defaclobjtype, defaclacl) FROM pg_default_acl
    UNION ALL SELECT format('extension %s %s', extname, extnamespace::regnamespace) FROM pg_extension
    UNION ALL SELECT format('setting %s %s', setrole::regrole, setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()
    ORDER BY 1`);
  return rows.map((row) => row.line ?? '');
}
