-- A lending library: branches are the tenants, districts group them, titles are shared.
CREATE SCHEMA library;

CREATE TABLE library.districts (
  district_id smallint PRIMARY KEY,
  district_name text NOT NULL UNIQUE
);

CREATE TABLE library.branches (
  branch_id int PRIMARY KEY,
  branch_name text NOT NULL UNIQUE,
  -- What tokens call the branch. The zero UUID means "every branch" there.
  public_id uuid NOT NULL UNIQUE CHECK (public_id <> '00000000-0000-0000-0000-000000000000'),
  district_id smallint NOT NULL REFERENCES library.districts (district_id)
);

CREATE TABLE library.titles (
  title_id int PRIMARY KEY,
  title text NOT NULL,
  author text NOT NULL
);

CREATE TABLE library.members (
  member_id int PRIMARY KEY,
  branch_id int NOT NULL REFERENCES library.branches (branch_id),
  full_name text NOT NULL,
  email text NOT NULL,
  UNIQUE (member_id, branch_id)
);
CREATE INDEX idx_members_branch ON library.members (branch_id);

CREATE TABLE library.loans (
  loan_id int PRIMARY KEY,
  branch_id int NOT NULL REFERENCES library.branches (branch_id),
  member_id int NOT NULL,
  title_id int NOT NULL REFERENCES library.titles (title_id),
  lent_on date NOT NULL,
  returned_on date,
  -- The branch is repeated for row-level security; the composite key keeps both equal.
  FOREIGN KEY (member_id, branch_id) REFERENCES library.members (member_id, branch_id)
);
CREATE INDEX idx_loans_branch ON library.loans (branch_id, lent_on);

-- What the server needs to resolve claims; the only way to the tenants' public identities.
CREATE FUNCTION library.tenant_directory() RETURNS TABLE (id int, name text, key text, "group" text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.branch_id, b.branch_name, lower(b.public_id::text), d.district_name
  FROM library.branches b JOIN library.districts d ON d.district_id = b.district_id ORDER BY b.branch_id
$$;
