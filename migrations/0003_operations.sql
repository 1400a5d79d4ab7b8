{{core operations}}

DO $$
DECLARE
  tracked text;
BEGIN
  FOREACH tracked IN ARRAY ARRAY['regions', 'stores', 'customers', 'categories', 'product_types', 'products', 'inventory',
    'orders', 'order_items', 'product_description_embeddings', 'product_image_embeddings']
  LOOP
    INSERT INTO ops.table_versions (table_name) VALUES (tracked);
    EXECUTE format('CREATE TRIGGER change_noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON retail.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION ops.note_table_change()', tracked);
  END LOOP;
END $$;
