-- Who may read what. Nothing is granted by default: a new table is invisible until it is listed here.
GRANT USAGE ON SCHEMA library TO {{prefix}}_server, {{prefix}}_operator, {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT EXECUTE ON FUNCTION library.use_scope(text), library.current_branch_ids() TO {{prefix}}_reader, {{prefix}}_reader_pii;

GRANT SELECT ON library.districts, library.titles, library.loans TO {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT SELECT (branch_id, branch_name, district_id) ON library.branches TO {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT SELECT (member_id, branch_id, full_name) ON library.members TO {{prefix}}_reader, {{prefix}}_reader_pii;
GRANT SELECT (email) ON library.members TO {{prefix}}_reader_pii;

-- The serving login: shared data. No tenant table.
GRANT SELECT ON library.districts, library.titles TO {{prefix}}_server;
