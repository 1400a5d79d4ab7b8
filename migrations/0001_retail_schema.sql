-- The retail schema: reference data, customers, stock and sales. Table and column names are a contract.
CREATE SCHEMA retail;

CREATE TABLE retail.regions (
  region_id smallint PRIMARY KEY,
  region_name text NOT NULL UNIQUE
);

CREATE TABLE retail.stores (
  store_id serial PRIMARY KEY,
  store_name text NOT NULL UNIQUE,
  rls_user_id uuid NOT NULL UNIQUE,
  is_online boolean NOT NULL DEFAULT false,
  region_id smallint NOT NULL REFERENCES retail.regions (region_id),
  -- In tokens and headers the zero UUID means "every store": no store may be called that.
  CONSTRAINT stores_rls_user_id_not_zero CHECK (rls_user_id <> '00000000-0000-0000-0000-000000000000')
);

CREATE TABLE retail.customers (
  customer_id serial PRIMARY KEY,
  first_name text NOT NULL,
  last_name text NOT NULL,
  email text NOT NULL UNIQUE,
  phone text,
  primary_store_id int REFERENCES retail.stores (store_id),
  created_at timestamp DEFAULT now(),
  CONSTRAINT customers_email_form CHECK (email = lower(email) AND position('@' IN email) > 1)
);
CREATE INDEX idx_customers_store_email ON retail.customers (primary_store_id, email);

CREATE TABLE retail.categories (
  category_id serial PRIMARY KEY,
  category_name text NOT NULL UNIQUE
);

CREATE TABLE retail.product_types (
  type_id serial PRIMARY KEY,
  category_id int NOT NULL REFERENCES retail.categories (category_id),
  type_name text NOT NULL,
  UNIQUE (category_id, type_name),
  UNIQUE (type_id, category_id)
);

CREATE TABLE retail.products (
  product_id serial PRIMARY KEY,
  sku text NOT NULL UNIQUE CHECK (length(sku) <= 10),
  product_name text NOT NULL,
  category_id int NOT NULL REFERENCES retail.categories (category_id),
  type_id int NOT NULL,
  cost numeric(10,2) NOT NULL CHECK (cost >= 0),
  base_price numeric(10,2) NOT NULL CHECK (base_price > 0),
  gross_margin_percent numeric(5,2) DEFAULT 33.00 CHECK (gross_margin_percent BETWEEN 0 AND 100),
  product_description text NOT NULL,
  CONSTRAINT products_price_covers_cost CHECK (base_price >= cost),
  -- A product cannot have another category's type.
  FOREIGN KEY (type_id, category_id) REFERENCES retail.product_types (type_id, category_id)
);
CREATE INDEX idx_products_category_price ON retail.products (category_id, base_price);
CREATE INDEX idx_products_type ON retail.products (type_id);

CREATE TABLE retail.inventory (
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  product_id int NOT NULL REFERENCES retail.products (product_id),
  stock_level int NOT NULL CHECK (stock_level >= 0),
  PRIMARY KEY (store_id, product_id)
);
CREATE INDEX idx_inventory_product ON retail.inventory (product_id);

CREATE TABLE retail.orders (
  order_id serial PRIMARY KEY,
  customer_id int NOT NULL REFERENCES retail.customers (customer_id),
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  order_date date NOT NULL,
  -- The exact sum of the order's lines: written by the loader, proved by `seed --verify`.
  total_amount numeric(12,2) NOT NULL CHECK (total_amount >= 0),
  UNIQUE (order_id, store_id)
);
CREATE INDEX idx_orders_store_date ON retail.orders (store_id, order_date) INCLUDE (order_id, total_amount);
CREATE INDEX idx_orders_customer_store ON retail.orders (customer_id, store_id);
CREATE INDEX idx_orders_date_amount ON retail.orders (order_date, total_amount);

CREATE TABLE retail.order_items (
  order_item_id serial PRIMARY KEY,
  order_id int NOT NULL,
  -- Repeats the order's store, for row-level security; the composite key keeps both equal.
  store_id int NOT NULL REFERENCES retail.stores (store_id),
  product_id int NOT NULL REFERENCES retail.products (product_id),
  quantity int NOT NULL CHECK (quantity > 0),
  unit_price numeric(10,2) NOT NULL CHECK (unit_price > 0),
  discount_percent int DEFAULT 0 CHECK (discount_percent BETWEEN 0 AND 100),
  discount_amount numeric(10,2) DEFAULT 0 CHECK (discount_amount >= 0),
  total_amount numeric(10,2) NOT NULL CHECK (total_amount >= 0),
  FOREIGN KEY (order_id, store_id) REFERENCES retail.orders (order_id, store_id),
  CONSTRAINT order_items_total CHECK (total_amount = quantity * unit_price - discount_amount)
);
CREATE INDEX idx_order_items_order_store ON retail.order_items (order_id, store_id);
CREATE INDEX idx_order_items_product ON retail.order_items (product_id);
CREATE INDEX idx_order_items_store_product ON retail.order_items (store_id, product_id) INCLUDE (quantity, total_amount);
