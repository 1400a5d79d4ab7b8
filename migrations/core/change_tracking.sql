-- Answers from the cache end with a change of it.
INSERT INTO ops.table_versions (table_name) VALUES ('{{table}}');
CREATE TRIGGER change_noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{schema}}.{{table}}
  FOR EACH STATEMENT EXECUTE FUNCTION ops.note_table_change();
