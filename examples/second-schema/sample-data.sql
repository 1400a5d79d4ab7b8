INSERT INTO library.districts VALUES (1, 'North'), (2, 'South');
INSERT INTO library.branches SELECT n, (ARRAY['Harbour', 'Mill Lane', 'Old Town'])[n],
  ('00000000-0000-4000-8000-00000000000' || n)::uuid, CASE n WHEN 3 THEN 2 ELSE 1 END FROM generate_series(1, 3) n;
INSERT INTO library.titles SELECT n, 'Title ' || n, 'Author ' || n % 7 FROM generate_series(1, 40) n;
INSERT INTO library.members SELECT n, n % 3 + 1, 'Member ' || n, 'member' || n || '@example.org' FROM generate_series(1, 60) n;
INSERT INTO library.loans SELECT n, m.branch_id, m.member_id, n % 40 + 1, date '2026-01-01' + n,
  CASE WHEN n % 4 > 0 THEN date '2026-01-01' + n + 14 END
  FROM generate_series(1, 300) n JOIN library.members m ON m.member_id = n % 60 + 1;
