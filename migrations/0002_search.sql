-- What product search reads: words, trigrams and vectors. Extensions live in schema `extensions` (see bootstrap).
ALTER TABLE retail.products ADD COLUMN search_text tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector('english', product_name), 'A')
  || setweight(to_tsvector('simple', sku), 'A')
  || setweight(to_tsvector('english', product_description), 'B')
) STORED;
CREATE INDEX idx_products_search_text ON retail.products USING gin (search_text);
CREATE INDEX idx_products_name_trigram ON retail.products USING gin (product_name extensions.gin_trgm_ops);

-- The column has no fixed dimension: vectors of several models may stand side by side, one row a product and model.
CREATE TABLE retail.product_description_embeddings (
  product_id int NOT NULL REFERENCES retail.products (product_id),
  model text NOT NULL,
  dimensions int NOT NULL,
  description_embedding extensions.vector NOT NULL,
  content_hash text NOT NULL,
  created_at timestamp NOT NULL DEFAULT now(),
  PRIMARY KEY (product_id, model),
  CONSTRAINT product_description_embeddings_dimensions CHECK (extensions.vector_dims(description_embedding) = dimensions)
);

CREATE TABLE retail.product_image_embeddings (
  product_id int PRIMARY KEY REFERENCES retail.products (product_id),
  image_url text NOT NULL,
  image_embedding extensions.vector(512),
  created_at timestamp DEFAULT now()
);
