-- A table of your own: deliveries that stores expect. As a migration it takes the next free number of migrations/.
CREATE TABLE retail.deliveries (
  delivery_id int PRIMARY KEY,
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  product_id int NOT NULL REFERENCES retail.products (product_id),
  quantity int NOT NULL CHECK (quantity > 0),
  due_on date NOT NULL,
  supplier_note text
);
CREATE INDEX idx_deliveries_store_due ON retail.deliveries (store_id, due_on);

-- Answers from the cache must end with a change of it.
INSERT INTO ops.table_versions (table_name) VALUES ('deliveries');
CREATE TRIGGER change_noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON retail.deliveries
  FOR EACH STATEMENT EXECUTE FUNCTION ops.note_table_change();

ALTER TABLE retail.deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE retail.deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY deliveries_owner ON retail.deliveries FOR ALL TO {{prefix}}_owner USING (true) WITH CHECK (true);
CREATE POLICY deliveries_operator ON retail.deliveries FOR SELECT TO {{prefix}}_operator USING (true);
CREATE POLICY deliveries_in_scope ON retail.deliveries FOR SELECT
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii
  USING (store_id = ANY ((SELECT retail.current_store_ids())::int[]));

GRANT SELECT ON retail.deliveries TO {{prefix}}_operator,
  {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
