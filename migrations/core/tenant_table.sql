ALTER TABLE {{schema}}.{{table}} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {{schema}}.{{table}} FORCE ROW LEVEL SECURITY;
-- FORCE would otherwise blind the loader, and backups must see every row.
CREATE POLICY {{table}}_owner ON {{schema}}.{{table}} FOR ALL TO {{prefix}}_owner USING (true) WITH CHECK (true);
CREATE POLICY {{table}}_operator ON {{schema}}.{{table}} FOR SELECT TO {{prefix}}_operator USING (true);
-- The scalar sub-select makes the function run once a query, not once a row.
CREATE POLICY {{table}}_in_scope ON {{schema}}.{{table}} FOR SELECT TO {{readers}}
  USING ({{column}} = ANY ((SELECT {{schema}}.{{ids}}())::int[]));
