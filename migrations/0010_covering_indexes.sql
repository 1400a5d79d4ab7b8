-- Two indexes of order_items with all that questions about sales sum up, so that joins and sums need no visit to the table
-- (https://www.postgresql.org/docs/17/indexes-index-only-scan.html). They take the places of two that held the same keys.

-- The lines of an order. store_id is no key here: as one it would make the policy's array an index condition, searched element
-- by element in every single lookup of a nested loop, and the planner would shun that.
CREATE INDEX idx_order_items_order ON retail.order_items (order_id) INCLUDE (store_id, product_id, quantity, total_amount);
DROP INDEX retail.idx_order_items_order_store;

-- All lines of a store, or those of one product there. With order_id they can be joined to orders.
DROP INDEX retail.idx_order_items_store_product;
CREATE INDEX idx_order_items_store_product ON retail.order_items (store_id, product_id) INCLUDE (order_id, quantity, total_amount);
