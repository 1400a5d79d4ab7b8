-- Who may read what. Nothing is granted by default: a new table is invisible until it is listed here.
{{core closed_schemas schema=retail}}

GRANT USAGE ON SCHEMA retail TO {{prefix}}_server, {{prefix}}_operator,
  {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
GRANT EXECUTE ON FUNCTION retail.use_scope(text), retail.current_store_ids()
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;

GRANT SELECT ON retail.categories, retail.product_types, retail.regions, retail.inventory, retail.orders, retail.order_items,
  retail.sales_by_day, retail.sales_by_month_product, retail.sales_by_month_category
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
GRANT SELECT (store_id, store_name, is_online, region_id) ON retail.stores
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
GRANT SELECT (product_id, sku, product_name, category_id, type_id, base_price, product_description) ON retail.products
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
GRANT SELECT (cost, gross_margin_percent) ON retail.products TO {{prefix}}_reader_costs, {{prefix}}_reader_costs_pii;
GRANT SELECT (customer_id, first_name, last_name, primary_store_id, created_at) ON retail.customers
  TO {{prefix}}_reader, {{prefix}}_reader_costs, {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;
GRANT SELECT (email, phone) ON retail.customers TO {{prefix}}_reader_pii, {{prefix}}_reader_costs_pii;

-- The serving login: catalogue, embeddings, operations. No tenant table.
{{core serving_login schema=retail}}
GRANT SELECT ON retail.categories, retail.product_types, retail.regions, retail.product_description_embeddings,
  retail.product_image_embeddings TO {{prefix}}_server;
GRANT SELECT (product_id, sku, product_name, category_id, type_id, base_price, product_description, search_text)
  ON retail.products TO {{prefix}}_server;
{{core operations_privileges schema=retail}}
