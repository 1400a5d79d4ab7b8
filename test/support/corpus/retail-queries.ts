/** Queries as analysts and language models write them against the retail schema. Every one must be approved and must run. */
export const retailQueries: readonly string[] = statements(String.raw`
SELECT * FROM orders
;;
SELECT * FROM retail.orders LIMIT 10;
;;
select count(*) from customers
;;
SELECT store_id, min(order_date) AS first_day, count(*) AS orders, sum(total_amount) AS revenue FROM orders GROUP BY store_id
;;
SELECT s.store_name, SUM(o.total_amount) AS revenue
FROM retail.orders o
JOIN retail.stores s ON s.store_id = o.store_id
GROUP BY s.store_name
ORDER BY revenue DESC
;;
SELECT o.* FROM orders o WHERE o.order_date >= DATE '2024-01-01' AND o.total_amount > 100 ORDER BY o.total_amount DESC LIMIT 20 OFFSET 5
;;
SELECT * FROM products WHERE base_price BETWEEN 10 AND 50 ORDER BY base_price
;;
SELECT p.*, c.category_name FROM products p JOIN categories c USING (category_id)
;;
SELECT * FROM products JOIN categories USING (category_id) JOIN product_types USING (type_id, category_id)
;;
SELECT * FROM orders NATURAL JOIN stores
;;
SELECT * FROM stores s LEFT JOIN regions r ON r.region_id = s.region_id
;;
SELECT * FROM orders o JOIN customers c USING (customer_id) WHERE c.last_name LIKE 'S%' LIMIT 5
;;
SELECT date_trunc('month', order_date)::date AS month, sum(total_amount) AS revenue FROM orders GROUP BY 1 ORDER BY 1
;;
SELECT EXTRACT(YEAR FROM order_date) AS year, EXTRACT(QUARTER FROM order_date) AS quarter, COUNT(*) AS orders
FROM orders GROUP BY 1, 2 ORDER BY 1, 2
;;
SELECT to_char(order_date, 'YYYY-MM') AS month, round(avg(total_amount), 2) AS average_order FROM orders GROUP BY month ORDER BY month
;;
SELECT to_char(order_date, 'Day') AS weekday, count(*) FROM orders GROUP BY to_char(order_date, 'Day'), extract(isodow FROM order_date) ORDER BY extract(isodow FROM order_date)
;;
SELECT category_name, count(*) AS products, min(base_price), max(base_price), avg(base_price)::numeric(10,2) AS avg_price
FROM products NATURAL JOIN categories GROUP BY category_name HAVING count(*) > 10 ORDER BY products DESC
;;
SELECT c.category_name, sum(oi.total_amount) AS revenue, sum(oi.quantity) AS units
FROM order_items oi
JOIN products p ON p.product_id = oi.product_id
JOIN categories c ON c.category_id = p.category_id
JOIN orders o ON o.order_id = oi.order_id AND o.store_id = oi.store_id
WHERE o.order_date >= '2024-01-01' AND o.order_date < '2025-01-01'
GROUP BY c.category_name
ORDER BY revenue DESC
;;
SELECT p.product_name, p.sku, SUM(oi.quantity) AS units_sold FROM order_items oi INNER JOIN products p ON oi.product_id = p.product_id GROUP BY p.product_id, p.product_name, p.sku ORDER BY units_sold DESC FETCH FIRST 10 ROWS ONLY
;;
SELECT product_name FROM products WHERE product_name ILIKE '%drill%' OR product_description ILIKE '%drill%'
;;
SELECT product_name FROM products WHERE product_name LIKE '%update%'
;;
SELECT 'x; drop table orders; --' AS note, count(*) FROM orders
;;
SELECT '/* not a comment */' AS a, '-- nor this' AS b, 'it''s' AS c, E'tab\there' AS d, $$dollar 'quoted' text$$ AS e
;;
-- revenue of the last quarter
SELECT sum(total_amount) /* in dollars */ FROM orders -- done
;;
/* a nested /* comment */ here */ SELECT count(*) FROM stores;
;;
SELECT DISTINCT store_id FROM orders
;;
SELECT DISTINCT ON (customer_id) customer_id, order_date, total_amount FROM orders ORDER BY customer_id, order_date DESC
;;
SELECT COUNT(DISTINCT customer_id) AS buyers FROM orders
;;
SELECT count(*) FILTER (WHERE total_amount > 500) AS large, count(*) FILTER (WHERE total_amount <= 500) AS small FROM orders
;;
SELECT store_id, order_date, revenue, sum(revenue) OVER (PARTITION BY store_id ORDER BY order_date) AS running FROM sales_by_day
;;
SELECT store_id, order_date, revenue, avg(revenue) OVER (PARTITION BY store_id ORDER BY order_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS seven_days FROM sales_by_day
;;
SELECT order_date, revenue, lag(revenue, 1, 0) OVER (ORDER BY order_date) AS before, lead(revenue) OVER (ORDER BY order_date) AS after FROM sales_by_day WHERE store_id = 1
;;
SELECT store_id, revenue, rank() OVER w AS place, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(4) OVER w
FROM (SELECT store_id, sum(revenue) AS revenue FROM sales_by_day GROUP BY store_id) t
WINDOW w AS (ORDER BY revenue DESC)
;;
SELECT order_id, first_value(total_amount) OVER w, last_value(total_amount) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), nth_value(total_amount, 2) OVER w
FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY order_date, order_id)
;;
SELECT order_date, sum(revenue) OVER (ORDER BY order_date RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) FROM sales_by_day WHERE store_id = 1
;;
SELECT order_date, sum(revenue) OVER (ORDER BY order_date GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM sales_by_day
;;
WITH monthly AS (
  SELECT date_trunc('month', order_date) AS month, sum(total_amount) AS revenue FROM orders GROUP BY 1
), growth AS (
  SELECT month, revenue, lag(revenue) OVER (ORDER BY month) AS previous FROM monthly
)
SELECT month, revenue, round(100.0 * (revenue - previous) / NULLIF(previous, 0), 1) AS growth_percent FROM growth ORDER BY month
;;
WITH RECURSIVE months AS (
  SELECT date '2024-01-01' AS month
  UNION ALL
  SELECT (month + interval '1 month')::date FROM months WHERE month < date '2024-12-01'
)
SELECT m.month, coalesce(sum(d.revenue), 0) AS revenue
FROM months m LEFT JOIN sales_by_day d ON date_trunc('month', d.order_date) = m.month
GROUP BY m.month ORDER BY m.month
;;
WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 10) SELECT sum(n) FROM numbers
;;
WITH RECURSIVE tree(id, path, depth) AS (
  SELECT category_id, ARRAY[category_name], 1 FROM categories WHERE category_id = 1
  UNION ALL
  SELECT pt.type_id, t.path || pt.type_name, t.depth + 1 FROM tree t JOIN product_types pt ON pt.category_id = t.id WHERE t.depth < 2
)
SELECT id, array_to_string(path, ' > ') AS path FROM tree ORDER BY path
;;
WITH RECURSIVE walk(n) AS (SELECT 1 UNION ALL SELECT n % 3 + 1 FROM walk) CYCLE n SET looped USING trail SELECT n, looped, trail FROM walk
;;
WITH RECURSIVE walk(n, up) AS (SELECT 1, 0 UNION ALL SELECT n * 2, n FROM walk WHERE n < 16) SEARCH BREADTH FIRST BY n SET position SELECT n FROM walk ORDER BY position
;;
WITH recent AS MATERIALIZED (SELECT * FROM orders WHERE order_date > '2024-06-01') SELECT store_id, count(*) FROM recent GROUP BY store_id
;;
WITH recent AS NOT MATERIALIZED (SELECT order_id, store_id FROM orders) SELECT r.*, i.quantity FROM recent r JOIN order_items i USING (order_id, store_id)
;;
WITH orders AS (SELECT store_id, total_amount AS cost FROM retail.orders) SELECT orders.store_id, sum(cost) AS cost FROM orders GROUP BY orders.store_id ORDER BY cost
;;
WITH a AS (SELECT 1 AS x), b AS (WITH a AS (SELECT 2 AS x) SELECT x FROM a) SELECT a.x, b.x FROM a, b
;;
SELECT product_name, base_price * 0.6 AS cost FROM products ORDER BY cost DESC LIMIT 5
;;
SELECT cost FROM (SELECT base_price * 0.5 AS cost FROM products) estimate WHERE cost > 10
;;
SELECT coalesce(region_name, 'all regions') AS region, coalesce(store_name, 'all stores') AS store, sum(revenue)
FROM sales_by_day JOIN stores USING (store_id) JOIN regions USING (region_id) GROUP BY ROLLUP (region_name, store_name)
;;
SELECT store_id, extract(year FROM order_date) AS y, grouping(store_id, extract(year FROM order_date)) AS g, sum(revenue) FROM sales_by_day GROUP BY CUBE (store_id, extract(year FROM order_date))
;;
SELECT store_id, customer_id, sum(total_amount) FROM orders GROUP BY GROUPING SETS ((store_id, customer_id), (store_id), ())
;;
SELECT store_id, sum(total_amount) FROM orders GROUP BY GROUPING SETS (ROLLUP (store_id), CUBE (store_id)) ORDER BY 1 NULLS FIRST
;;
SELECT c.customer_id, latest.order_date, latest.total_amount
FROM customers c CROSS JOIN LATERAL (SELECT o.order_date, o.total_amount FROM orders o WHERE o.customer_id = c.customer_id ORDER BY o.order_date DESC LIMIT 3) latest
;;
SELECT s.store_name, t.* FROM stores s LEFT JOIN LATERAL (SELECT product_id, sum(quantity) AS units FROM order_items i WHERE i.store_id = s.store_id GROUP BY product_id ORDER BY units DESC LIMIT 1) t ON true
;;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total_amount) AS median, percentile_disc(0.9) WITHIN GROUP (ORDER BY total_amount) AS p90, mode() WITHIN GROUP (ORDER BY store_id) AS busiest FROM orders
;;
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY base_price) FROM products
;;
SELECT rank(100) WITHIN GROUP (ORDER BY total_amount) FROM orders
;;
SELECT json_build_object('store', s.store_name, 'revenue', sum(o.total_amount)) FROM orders o JOIN stores s USING (store_id) GROUP BY s.store_name
;;
SELECT json_agg(t) FROM (SELECT store_id, sum(total_amount) AS revenue FROM orders GROUP BY store_id) t
;;
SELECT row_to_json(t) FROM (SELECT order_id, total_amount FROM orders LIMIT 3) AS t
;;
SELECT jsonb_object_agg(store_name, is_online) FROM stores
;;
SELECT key, value FROM json_each('{"a": 1, "b": 2}')
;;
SELECT e.key, e.value::int AS number FROM jsonb_each_text('{"a": "1"}'::jsonb) e
;;
SELECT x.value ->> 'name' AS name FROM jsonb_array_elements('[{"name": "a"}]'::jsonb) AS x
;;
SELECT elem FROM json_array_elements_text('["a","b"]') AS t(elem)
;;
SELECT doc #>> '{a,b}' AS b, doc -> 'a' AS a, doc @> '{"a": {}}' AS has, doc ? 'a' AS key FROM (VALUES ('{"a": {"b": 1}}'::jsonb)) v(doc)
;;
SELECT r.* FROM json_to_recordset('[{"a":1,"b":"x"}]') AS r(a int, b text)
;;
SELECT jsonb_path_query_array('[1,2,3]'::jsonb, '$[*] ? (@ > 1)')
;;
SELECT JSON_OBJECT('store': store_name, 'online': is_online) FROM stores
;;
SELECT JSON_ARRAYAGG(store_name ORDER BY store_name) FROM stores
;;
SELECT JSON_VALUE('{"a": 5}', '$.a' RETURNING int) + 1 AS six
;;
SELECT t.* FROM JSON_TABLE('[{"sku": "A", "n": 2}]', '$[*]' COLUMNS (row_number FOR ORDINALITY, sku text PATH '$.sku', n int PATH '$.n')) AS t
;;
VALUES (1, 'one'), (2, 'two'), (3, NULL)
;;
SELECT * FROM (VALUES ('small', 0, 50), ('medium', 50, 200), ('large', 200, 100000)) AS bands(name, low, high)
;;
SELECT b.name, count(*) FROM orders o JOIN (VALUES ('small', 0, 50), ('large', 50, 100000)) AS b(name, low, high) ON o.total_amount >= b.low AND o.total_amount < b.high GROUP BY b.name
;;
VALUES (3), (1), (2) ORDER BY column1 DESC LIMIT 2
;;
SELECT * FROM orders TABLESAMPLE SYSTEM (10)
;;
SELECT avg(total_amount) FROM orders TABLESAMPLE BERNOULLI (25) REPEATABLE (42)
;;
SELECT avg(o.total_amount) FROM ONLY orders o
;;
SELECT store_id FROM orders UNION SELECT store_id FROM inventory ORDER BY store_id
;;
SELECT product_id FROM products EXCEPT SELECT product_id FROM order_items
;;
SELECT product_id FROM order_items INTERSECT ALL SELECT product_id FROM inventory
;;
(SELECT 'top' AS which, product_name FROM products ORDER BY base_price DESC LIMIT 1) UNION ALL (SELECT 'bottom', product_name FROM products ORDER BY base_price LIMIT 1)
;;
(SELECT count(*) FROM orders)
;;
SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM customers) AS customers
;;
SELECT store_name FROM stores s WHERE EXISTS (SELECT 1 FROM orders o WHERE o.store_id = s.store_id)
;;
SELECT store_name FROM stores s WHERE NOT EXISTS (SELECT * FROM inventory i WHERE i.store_id = s.store_id AND i.stock_level = 0)
;;
SELECT customer_id FROM customers WHERE customer_id IN (SELECT customer_id FROM orders WHERE total_amount > 1000)
;;
SELECT product_name FROM products WHERE product_id NOT IN (SELECT product_id FROM order_items WHERE product_id IS NOT NULL)
;;
SELECT order_id FROM orders WHERE store_id = ANY (ARRAY[1, 2, 3]) AND total_amount > ALL (SELECT 1)
;;
SELECT order_id FROM orders WHERE store_id = ANY ('{1,2}'::int[])
;;
SELECT order_id FROM orders WHERE (store_id, customer_id) IN ((1, 2), (3, 4))
;;
SELECT order_id FROM orders WHERE (store_id, customer_id) = (1, 2) OR ROW (order_date, order_id) > ROW ('2024-01-01', 5)
;;
SELECT order_id FROM orders WHERE total_amount BETWEEN SYMMETRIC 100 AND 50 AND order_date NOT BETWEEN '2024-01-01' AND '2024-02-01'
;;
SELECT count(*) FROM order_items WHERE discount_percent IS DISTINCT FROM 10 AND discount_amount IS NOT DISTINCT FROM NULL
;;
SELECT count(*) FROM order_items WHERE discount_percent IS NULL OR discount_amount NOTNULL
;;
SELECT store_name, CASE WHEN is_online THEN 'online' ELSE 'shop' END AS kind FROM stores
;;
SELECT CASE is_online WHEN true THEN 1 ELSE 0 END AS flag, is_online IS TRUE, is_online IS NOT FALSE, is_online IS UNKNOWN FROM stores
;;
SELECT sum(CASE WHEN extract(year FROM order_date) = 2024 THEN total_amount ELSE 0 END) AS y2024, sum(CASE WHEN extract(year FROM order_date) = 2023 THEN total_amount END) AS y2023 FROM orders
;;
SELECT COALESCE(phone_count, 0), NULLIF(1, 1), GREATEST(1, 2, 3), LEAST(4, 5) FROM (SELECT count(primary_store_id) AS phone_count FROM customers) t
;;
SELECT string_agg(store_name, ', ' ORDER BY store_name) AS stores FROM stores
;;
SELECT region_id, array_agg(DISTINCT store_name ORDER BY store_name DESC) FROM stores GROUP BY region_id
;;
SELECT (array_agg(order_id ORDER BY total_amount DESC))[1] AS largest FROM orders
;;
SELECT ARRAY(SELECT store_id FROM stores ORDER BY 1) AS ids, array_length(ARRAY[1, 2], 1), ARRAY[[1, 2], [3, 4]]
;;
SELECT u.id, u.position FROM unnest(ARRAY[5, 6, 7]) WITH ORDINALITY AS u(id, position)
;;
SELECT a, b FROM unnest(ARRAY[1, 2], ARRAY['x', 'y']) AS t(a, b)
;;
SELECT m, coalesce(sum(total_amount), 0) FROM generate_series(1, 12) AS m LEFT JOIN orders ON extract(month FROM order_date) = m GROUP BY m ORDER BY m
;;
SELECT d::date AS day FROM generate_series('2024-01-01'::date, '2024-12-31'::date, '1 day') AS d
;;
SELECT day::date FROM generate_series((SELECT min(order_date) FROM orders), (SELECT max(order_date) FROM orders), interval '1 month') AS day
;;
SELECT g.day::date, d.revenue FROM generate_series(timestamp '2024-01-01', timestamp '2024-01-31', interval '1' day) AS g(day) LEFT JOIN sales_by_day d ON d.order_date = g.day::date AND d.store_id = 1
;;
SELECT generate_series(date_trunc('month', CURRENT_DATE - INTERVAL '11 months'), date_trunc('month', CURRENT_DATE), INTERVAL '1 month')::date AS month
;;
SELECT n, x FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) WITH ORDINALITY AS r(n, x, i)
;;
SELECT a.customer_id, a.order_id, b.order_id FROM orders a JOIN orders b ON a.customer_id = b.customer_id AND a.order_id < b.order_id
;;
SELECT "orders"."order_id" AS "Order Number", "o2"."total_amount" AS "Total ($)" FROM "retail"."orders" JOIN "orders" AS "o2" ON "o2"."order_id" = "orders"."order_id"
;;
SELECT o.id, o.store FROM orders AS o(id, customer, store), orders WHERE o.id = orders.order_id
;;
SELECT order_id, order_date + 30 AS due, order_date - INTERVAL '1 year' AS year_before, now() - order_date AS age FROM orders
;;
SELECT age(CURRENT_DATE, max(order_date)), date_part('day', now() - max(order_date)) FROM orders
;;
SELECT created_at AT TIME ZONE 'UTC' AT TIME ZONE 'America/Los_Angeles' FROM customers
;;
SELECT created_at AT LOCAL, max(created_at) OVER () AT LOCAL AT TIME ZONE 'UTC' FROM customers
;;
SELECT CURRENT_DATE, CURRENT_TIMESTAMP, LOCALTIMESTAMP, now(), 'today'::date, clock_timestamp()
;;
SELECT count(*) FROM orders WHERE order_date >= CURRENT_DATE - 90
;;
SELECT count(*) FROM orders WHERE order_date >= date_trunc('quarter', now()) - interval '3 months' AND order_date < date_trunc('quarter', now())
;;
SELECT count(*) FROM orders WHERE order_date >= make_date(2024, 1, 1) AND (order_date, order_date) OVERLAPS (DATE '2024-01-01', INTERVAL '100 days')
;;
SELECT width_bucket(total_amount, 0, 1000, 10) AS bucket, count(*), repeat('#', 20) AS bar FROM orders GROUP BY bucket ORDER BY bucket
;;
SELECT left(repeat('#', 100), (count(*) / 10)::int) AS bar, store_id FROM orders GROUP BY store_id
;;
SELECT lpad(store_id::text, 5, '0'), rpad(store_name, 30, '.'), format('%s (%s)', store_name, store_id), store_name || ' / ' || region_id FROM stores
;;
SELECT upper(store_name), lower(store_name), initcap(store_name), length(store_name), trim(both ' ' from store_name), substring(store_name from 1 for 4), position('a' in store_name), overlay(store_name placing 'X' from 1 for 1), split_part(store_name, ' ', 1), replace(store_name, 'Zava', '') FROM stores
;;
SELECT regexp_replace(sku, '[^0-9]', '', 'g') AS digits, substring(sku from '[A-Z]+'), regexp_match(sku, '^(..)'), sku ~* '^a', sku !~ 'x', sku SIMILAR TO '[A-Z]%' FROM products
;;
SELECT sku FROM products WHERE sku LIKE 'A!_%' ESCAPE '!' OR sku NOT ILIKE 'b%'
;;
SELECT ln(base_price), power(base_price, 2), base_price ^ 0.5, sqrt(base_price), abs(-base_price), ceil(base_price), floor(base_price), round(base_price), trunc(base_price, 1), mod(product_id, 7), product_id % 7, base_price::int / 2, |/ 4.0, @ -5 FROM products WHERE base_price > 0
;;
SELECT corr(quantity, unit_price), regr_slope(quantity, unit_price), stddev(total_amount), variance(total_amount), stddev_pop(quantity), covar_pop(quantity, unit_price) FROM order_items
;;
SELECT bool_and(is_online), bool_or(is_online), every(is_online), bit_or(store_id) FROM stores
;;
SELECT store_id, sum(total_amount) * 100.0 / sum(sum(total_amount)) OVER () AS share FROM orders GROUP BY store_id
;;
SELECT *, rank() OVER (PARTITION BY store_id ORDER BY revenue DESC) AS place FROM sales_by_month_product WHERE month = '2024-05-01'
;;
SELECT * FROM (SELECT p.product_name, m.store_id, m.revenue, row_number() OVER (PARTITION BY m.store_id ORDER BY m.revenue DESC) AS rn FROM sales_by_month_product m JOIN products p USING (product_id)) ranked WHERE rn <= 5
;;
SELECT store_id, category_id, month, revenue - lag(revenue, 12) OVER (PARTITION BY store_id, category_id ORDER BY month) AS change FROM sales_by_month_category
;;
SELECT p.product_name, i.stock_level FROM inventory i JOIN products p USING (product_id) WHERE i.stock_level < 10 ORDER BY i.stock_level, p.product_name
;;
SELECT s.store_name, sum(i.stock_level * p.base_price) AS value FROM inventory i NATURAL JOIN products p JOIN stores s ON s.store_id = i.store_id GROUP BY s.store_name
;;
SELECT first_name || ' ' || last_name AS name, count(o.order_id) AS orders, coalesce(sum(o.total_amount), 0) AS spent
FROM customers c LEFT JOIN orders o ON o.customer_id = c.customer_id
GROUP BY c.customer_id, c.first_name, c.last_name ORDER BY spent DESC NULLS LAST, name LIMIT 10
;;
SELECT c.* FROM customers c WHERE c.created_at >= '2023-01-01'::timestamp
;;
SELECT count(o.*), count(o), count(DISTINCT o.customer_id) FROM orders o
;;
SELECT o AS whole, (o).total_amount, (o.order_date) FROM orders o LIMIT 1
;;
SELECT * FROM customers JOIN (SELECT customer_id, sum(total_amount) AS spent FROM orders GROUP BY customer_id) x USING (customer_id) WHERE spent > 100
;;
SELECT * FROM (SELECT * FROM (SELECT * FROM products) a) b
;;
SELECT a.*, b.* FROM (SELECT store_id, 1 AS one FROM stores) a, (SELECT * FROM regions) b
;;
SELECT * FROM (orders o JOIN stores s USING (store_id)) AS j WHERE j.total_amount > 10
;;
SELECT * FROM orders o JOIN order_items i USING (order_id, store_id) AS both_sides WHERE both_sides.order_id > 0
;;
SELECT * FROM stores FULL JOIN regions USING (region_id)
;;
SELECT * FROM orders CROSS JOIN regions LIMIT 3
;;
SELECT * FROM orders o RIGHT JOIN customers c USING (customer_id)
;;
SELECT retail.orders.order_id, orders.total_amount FROM retail.orders WHERE retail.orders.total_amount > 10
;;
SELECT count(*) FROM orders HAVING count(*) > 0
;;
SELECT 1
;;
SELECT 1 + 1 AS two, 10 / 4.0, 2 ^ 10, 7 % 3, -5, 1e3, 0x1F, 1_000_000, .5
;;
SELECT NULL, TRUE, FALSE, B'101', X'1F', 'text', INTERVAL '1 day 2 hours', DATE '2024-02-29', TIME '12:00', TIMESTAMP WITH TIME ZONE '2024-01-01 00:00+00'
;;
SELECT store_name COLLATE "C" FROM stores ORDER BY store_name COLLATE "C" DESC
;;
SELECT CAST(total_amount AS integer), total_amount::text, CAST('2024-01-01' AS date), total_amount::double precision, store_id::bigint, order_id::varchar(20) FROM orders
;;
SELECT DATE(order_date), float8(total_amount), text(true) FROM orders
;;
SELECT to_timestamp(1700000000), to_date('2024-01-31', 'YYYY-MM-DD'), to_number('1,234', '9,999'), make_interval(days => 3), date_bin('15 minutes', timestamp '2024-01-01 10:07', timestamp '2024-01-01')
;;
SELECT store_id FROM orders ORDER BY random() LIMIT 5
;;
SELECT md5(product_name), encode(sha256(product_name::bytea), 'hex'), gen_random_uuid() FROM products LIMIT 1
;;
SELECT daterange('2024-01-01', '2024-02-01') @> order_date AS january, int4range(1, 10) && int4range(5, 15) FROM orders
;;
SELECT product_name, ts_rank(to_tsvector('english', product_name), plainto_tsquery('english', 'paint brush')) AS score FROM products WHERE to_tsvector('english', product_name) @@ websearch_to_tsquery('english', 'paint OR brush') ORDER BY score DESC
;;
SELECT customer_id, max(order_date) AS last_order, CURRENT_DATE - max(order_date) AS recency, count(*) AS frequency, sum(total_amount) AS monetary, ntile(5) OVER (ORDER BY sum(total_amount)) AS score FROM orders GROUP BY customer_id
;;
WITH first_orders AS (SELECT customer_id, min(date_trunc('month', order_date)) AS cohort FROM orders GROUP BY customer_id)
SELECT f.cohort::date, (extract(year FROM age(date_trunc('month', o.order_date), f.cohort)) * 12 + extract(month FROM age(date_trunc('month', o.order_date), f.cohort)))::int AS months_later, count(DISTINCT o.customer_id) AS customers
FROM first_orders f JOIN orders o USING (customer_id) GROUP BY 1, 2 ORDER BY 1, 2
;;
WITH pairs AS (SELECT a.product_id AS first, b.product_id AS second, count(*) AS together FROM order_items a JOIN order_items b ON a.order_id = b.order_id AND a.product_id < b.product_id GROUP BY 1, 2)
SELECT pa.product_name, pb.product_name, together FROM pairs JOIN products pa ON pa.product_id = pairs.first JOIN products pb ON pb.product_id = pairs.second ORDER BY together DESC LIMIT 10
;;
WITH totals AS (SELECT product_id, sum(total_amount) AS revenue FROM order_items GROUP BY product_id), running AS (SELECT *, sum(revenue) OVER (ORDER BY revenue DESC) / sum(revenue) OVER () AS share FROM totals)
SELECT CASE WHEN share <= 0.8 THEN 'A' WHEN share <= 0.95 THEN 'B' ELSE 'C' END AS class, count(*), sum(revenue) FROM running GROUP BY class ORDER BY class
;;
SELECT store_id, max(order_date) - min(order_date) AS days, count(*)::numeric / NULLIF(max(order_date) - min(order_date), 0) AS per_day FROM orders GROUP BY store_id
;;
SELECT order_date, revenue, revenue - avg(revenue) OVER () AS deviation, (revenue - avg(revenue) OVER ()) / NULLIF(stddev_samp(revenue) OVER (), 0) AS z FROM sales_by_day ORDER BY z DESC
;;
SELECT extract(dow FROM order_date)::int AS dow, sum(revenue) FILTER (WHERE order_date >= '2024-01-01') OVER (PARTITION BY extract(dow FROM order_date)) FROM sales_by_day
;;
SELECT t.store_id, t.n FROM (SELECT store_id, count(*) n FROM orders GROUP BY store_id) t WHERE n = (SELECT max(n) FROM (SELECT count(*) n FROM orders GROUP BY store_id) x)
;;
SELECT s.store_name, (SELECT sum(o.total_amount) FROM orders o WHERE o.store_id = s.store_id) AS revenue FROM stores s ORDER BY revenue DESC NULLS LAST
;;
SELECT store_id AS store, sum(revenue) revenue FROM sales_by_day GROUP BY store ORDER BY revenue
;;
SELECT store_id, order_date FROM sales_by_day GROUP BY (store_id, order_date)
;;
SELECT DISTINCT s.region_id, s.is_online FROM stores s ORDER BY 1, 2
;;
SELECT order_id id, total_amount amount FROM orders ORDER BY amount DESC, id ASC
;;
SELECT order_id FROM orders ORDER BY total_amount USING >, order_id
;;
SELECT count(*) AS "count", sum(total_amount) AS "sum", 'SELECT' AS "select" FROM orders
;;
SELECT 'café ☕ 東京' AS "名前", store_name FROM stores WHERE store_name <> 'naïve'
;;
SELECT U&'\0441\043B\043E\043D' AS word
;;
SELECT o.order_id, i.items FROM orders o, LATERAL (SELECT json_agg(json_build_object('product', p.product_name, 'qty', oi.quantity)) AS items FROM order_items oi JOIN products p USING (product_id) WHERE oi.order_id = o.order_id) i LIMIT 2
;;
SELECT (SELECT count(*) FROM orders WHERE store_id = 1)::float / (SELECT count(*) FROM orders) AS ratio
;;
SELECT order_date, (revenue)::money FROM sales_by_day
;;
SELECT product_type.type_name, c.category_name FROM product_types AS product_type LEFT OUTER JOIN categories AS c ON (c.category_id = product_type.category_id)
;;
SELECT pg_catalog.sum(total_amount) FROM orders WHERE total_amount OPERATOR(pg_catalog.>) 5
;;
SELECT unnest(string_to_array('a,b,c', ',')) AS part, string_to_table('x y', ' ')
;;
SELECT (json_each('{"a": 1}')).key
;;
SELECT EXISTS (SELECT FROM orders WHERE total_amount < 0) AS any_negative
;;
TABLE stores
;;
TABLE regions ORDER BY region_id LIMIT 2
`);

function statements(text: string): string[] {
  return text
    .split(/^;;$/m)
    .map((statement) => statement.replace(/^\n|\n$/g, ''))
    .filter((statement) => statement.trim() !== '');
}
