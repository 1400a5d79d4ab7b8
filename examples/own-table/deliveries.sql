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

{{core change_tracking schema=retail table=deliveries}}

{{core tenant_table schema=retail table=deliveries column=store_id ids=current_store_ids readers="{{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii"}}

GRANT SELECT ON retail.deliveries TO {{prefix}}_operator,
  {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
