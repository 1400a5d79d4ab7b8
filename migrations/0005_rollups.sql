-- Exact pre-aggregated sales. Statement triggers recompute the keys that a change touched.
CREATE TABLE retail.sales_by_day (
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  order_date date NOT NULL,
  orders bigint NOT NULL,
  lines bigint NOT NULL,
  quantity bigint NOT NULL,
  revenue numeric(14,2) NOT NULL,
  discount numeric(14,2) NOT NULL,
  PRIMARY KEY (store_id, order_date)
);
CREATE TABLE retail.sales_by_month_product (
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  month date NOT NULL,
  product_id int NOT NULL REFERENCES retail.products (product_id),
  lines bigint NOT NULL,
  quantity bigint NOT NULL,
  revenue numeric(14,2) NOT NULL,
  discount numeric(14,2) NOT NULL,
  PRIMARY KEY (store_id, month, product_id)
);
CREATE TABLE retail.sales_by_month_category (
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  month date NOT NULL,
  category_id int NOT NULL REFERENCES retail.categories (category_id),
  lines bigint NOT NULL,
  quantity bigint NOT NULL,
  revenue numeric(14,2) NOT NULL,
  discount numeric(14,2) NOT NULL,
  PRIMARY KEY (store_id, month, category_id)
);

-- The one source of all three: every order with its lines (an order without lines counts as an order).
CREATE VIEW retail.sales_lines WITH (security_invoker = true) AS
  SELECT o.store_id, o.order_date, o.order_id, i.order_item_id, i.product_id, p.category_id, i.quantity,
         i.total_amount AS revenue, coalesce(i.discount_amount, 0) AS discount
  FROM retail.orders o
  LEFT JOIN (retail.order_items i JOIN retail.products p ON p.product_id = i.product_id)
    ON i.order_id = o.order_id AND i.store_id = o.store_id;

CREATE FUNCTION retail.rebuild_rollups() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  -- Alone with the rollups until commit: see refresh_rollups, which takes the shared form.
  SELECT pg_advisory_xact_lock(hashtext('retail.rollups'));
  DELETE FROM retail.sales_by_day;
  INSERT INTO retail.sales_by_day
    SELECT store_id, order_date, count(DISTINCT order_id), count(order_item_id), coalesce(sum(quantity), 0),
           coalesce(sum(revenue), 0), coalesce(sum(discount), 0)
    FROM retail.sales_lines GROUP BY store_id, order_date ORDER BY store_id, order_date;
  DELETE FROM retail.sales_by_month_product;
  INSERT INTO retail.sales_by_month_product
    SELECT store_id, date_trunc('month', order_date)::date AS month, product_id, count(*), sum(quantity), sum(revenue), sum(discount)
    FROM retail.sales_lines WHERE product_id IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
  DELETE FROM retail.sales_by_month_category;
  INSERT INTO retail.sales_by_month_category
    SELECT store_id, date_trunc('month', order_date)::date AS month, category_id, count(*), sum(quantity), sum(revenue), sum(discount)
    FROM retail.sales_lines WHERE category_id IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
$$;

-- Recomputes the days given and the months around them.
CREATE FUNCTION retail.refresh_rollups(touched_stores int[], touched_days date[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stores int[];
  months date[];
  turn record;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext('retail.rollups'));
  SELECT array_agg(t.store_id), array_agg(t.month) INTO stores, months
  FROM (SELECT DISTINCT store_id, date_trunc('month', day)::date AS month
        FROM unnest(touched_stores, touched_days) AS k(store_id, day)) t;
  -- Writers of one store and month take turns until commit: each must see the other's lines when it recomputes.
  FOR turn IN SELECT store_id, month FROM unnest(stores, months) AS k(store_id, month) ORDER BY 1, 2 LOOP
    PERFORM pg_advisory_xact_lock(hashtext('retail.rollups'), hashtext(turn.store_id || ':' || turn.month));
  END LOOP;

  DELETE FROM retail.sales_by_day d USING unnest(touched_stores, touched_days) AS k(store_id, day)
    WHERE d.store_id = k.store_id AND d.order_date = k.day;
  INSERT INTO retail.sales_by_day
    SELECT l.store_id, l.order_date, count(DISTINCT l.order_id), count(l.order_item_id), coalesce(sum(l.quantity), 0),
           coalesce(sum(l.revenue), 0), coalesce(sum(l.discount), 0)
    FROM (SELECT DISTINCT store_id, day FROM unnest(touched_stores, touched_days) AS t(store_id, day)) k
    JOIN retail.sales_lines l ON l.store_id = k.store_id AND l.order_date = k.day
    GROUP BY l.store_id, l.order_date;

  DELETE FROM retail.sales_by_month_product m USING unnest(stores, months) AS k(store_id, month)
    WHERE m.store_id = k.store_id AND m.month = k.month;
  INSERT INTO retail.sales_by_month_product
    SELECT k.store_id, k.month, l.product_id, count(*), sum(l.quantity), sum(l.revenue), sum(l.discount)
    FROM unnest(stores, months) AS k(store_id, month)
    JOIN retail.sales_lines l ON l.store_id = k.store_id AND l.order_date >= k.month AND l.order_date < k.month + interval '1 month'
    WHERE l.product_id IS NOT NULL GROUP BY 1, 2, 3;

  DELETE FROM retail.sales_by_month_category m USING unnest(stores, months) AS k(store_id, month)
    WHERE m.store_id = k.store_id AND m.month = k.month;
  INSERT INTO retail.sales_by_month_category
    SELECT k.store_id, k.month, l.category_id, count(*), sum(l.quantity), sum(l.revenue), sum(l.discount)
    FROM unnest(stores, months) AS k(store_id, month)
    JOIN retail.sales_lines l ON l.store_id = k.store_id AND l.order_date >= k.month AND l.order_date < k.month + interval '1 month'
    WHERE l.category_id IS NOT NULL GROUP BY 1, 2, 3;
END $$;

-- One function a table; the transition tables carry the names that each event offers.
CREATE FUNCTION retail.orders_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stores int[];
  days date[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(store_id), array_agg(order_date) INTO stores, days
    FROM (SELECT DISTINCT store_id, order_date FROM new_rows) k;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(store_id), array_agg(order_date) INTO stores, days
    FROM (SELECT DISTINCT store_id, order_date FROM old_rows) k;
  ELSE
    SELECT array_agg(store_id), array_agg(order_date) INTO stores, days
    FROM (SELECT store_id, order_date FROM new_rows UNION SELECT store_id, order_date FROM old_rows) k;
  END IF;
  IF stores IS NOT NULL THEN PERFORM retail.refresh_rollups(stores, days); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION retail.order_items_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  touched int[];
  stores int[];
  days date[];
BEGIN
  IF TG_OP = 'INSERT' THEN SELECT array_agg(DISTINCT order_id) INTO touched FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN SELECT array_agg(DISTINCT order_id) INTO touched FROM old_rows;
  ELSE SELECT array_agg(order_id) INTO touched FROM (SELECT order_id FROM new_rows UNION SELECT order_id FROM old_rows) k;
  END IF;
  SELECT array_agg(store_id), array_agg(order_date) INTO stores, days
  FROM (SELECT DISTINCT store_id, order_date FROM retail.orders WHERE order_id = ANY (touched)) k;
  IF stores IS NOT NULL THEN PERFORM retail.refresh_rollups(stores, days); END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION retail.sales_rebuilt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM retail.rebuild_rollups();
  RETURN NULL;
END $$;

CREATE TRIGGER rollup_insert AFTER INSERT ON retail.orders
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION retail.orders_changed();
CREATE TRIGGER rollup_update AFTER UPDATE ON retail.orders
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION retail.orders_changed();
CREATE TRIGGER rollup_delete AFTER DELETE ON retail.orders
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION retail.orders_changed();
CREATE TRIGGER rollup_truncate AFTER TRUNCATE ON retail.orders FOR EACH STATEMENT EXECUTE FUNCTION retail.sales_rebuilt();
CREATE TRIGGER rollup_insert AFTER INSERT ON retail.order_items
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION retail.order_items_changed();
CREATE TRIGGER rollup_update AFTER UPDATE ON retail.order_items
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION retail.order_items_changed();
CREATE TRIGGER rollup_delete AFTER DELETE ON retail.order_items
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION retail.order_items_changed();
CREATE TRIGGER rollup_truncate AFTER TRUNCATE ON retail.order_items FOR EACH STATEMENT EXECUTE FUNCTION retail.sales_rebuilt();
-- A product that moves to another category takes its sales along.
CREATE TRIGGER rollup_category AFTER UPDATE OF category_id ON retail.products
  FOR EACH STATEMENT EXECUTE FUNCTION retail.sales_rebuilt();

DO $$
DECLARE
  tracked text;
BEGIN
  FOREACH tracked IN ARRAY ARRAY['sales_by_day', 'sales_by_month_product', 'sales_by_month_category'] LOOP
    INSERT INTO ops.table_versions (table_name) VALUES (tracked);
    EXECUTE format('CREATE TRIGGER change_noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON retail.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION ops.note_table_change()', tracked);
  END LOOP;
END $$;
