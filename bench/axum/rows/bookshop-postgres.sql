-- The same rows as in bookshop-sqlite.sql.
BEGIN;
CREATE FUNCTION pg_temp.key(kind text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT (kind || '0000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.at(i bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
  AS $$ SELECT to_timestamp(1790000000 + i) $$;
INSERT INTO users (id, email, name, phone, newsletter, created_at, updated_at, version)
  SELECT pg_temp.key('e', i), format('grown%s@example.com', i), format('Customer Number %s', i), NULL, i % 2 = 1,
    pg_temp.at(i), pg_temp.at(i), 1 FROM generate_series(1, 5000) i;
INSERT INTO books (id, isbn, title, summary, language, pages, published_on, price, sale_price, stock, category_id,
    created_at, updated_at, version)
  SELECT pg_temp.key('b', i), '978' || lpad(i::text, 10, '0'), format('The Book of Number %s', i),
    CASE WHEN i % 3 <> 0 THEN format('Long ago, somebody counted to %s and wrote a book about "it".', i) END,
    (ARRAY['en', 'fr', 'de', 'es', 'other'])[i % 5 + 1], 100 + i % 900, date '1950-01-01' + i,
    (200 + (i * 7919) % 9800) / 100.0, CASE WHEN i % 4 = 0 THEN (100 + (i * 7919) % 9800) / 100.0 END, 1000 + i % 1000,
    (ARRAY(SELECT id FROM categories ORDER BY slug))[i % 6 + 1], pg_temp.at(i), pg_temp.at(i), 1
    FROM generate_series(1, 20000) i;
INSERT INTO reviews (id, book_id, customer_id, rating, body, created_at, updated_at, version)
  SELECT pg_temp.key('d', i::bigint * 16777216 + k), pg_temp.key('b', i), pg_temp.key('e', (i * 3 + k * 7) % 5000 + 1),
    (i + k) % 5 + 1, 'I have read it.', pg_temp.at(i), pg_temp.at(i), 1
    FROM generate_series(1, 20000) i, generate_series(1, 3) k;
INSERT INTO orders (id, customer_id, status, deliver_to, agreed_total, tracking, placed_at, paid_at, shipped_at,
    created_at, updated_at, version)
  SELECT pg_temp.key('f', i),
    CASE WHEN i % 100 = 0 THEN (SELECT id FROM users WHERE email = 'customer@example.com')
      ELSE pg_temp.key('e', i % 5000 + 1) END,
    (ARRAY['draft', 'placed', 'paid', 'shipped', 'cancelled'])[i % 5 + 1], format('%s Station Road, Ghent', i),
    CASE WHEN i % 5 > 0 THEN (1000 + i % 9000) / 100.0 END, CASE WHEN i % 5 = 3 THEN format('OR-%s', i) END,
    CASE WHEN i % 5 > 0 THEN pg_temp.at(i + 100) END, CASE WHEN i % 5 IN (2, 3) THEN pg_temp.at(i + 200) END,
    CASE WHEN i % 5 = 3 THEN pg_temp.at(i + 300) END, pg_temp.at(i), pg_temp.at(i + 300), 1
    FROM generate_series(1, 20000) i;
INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position)
  SELECT pg_temp.key('c', i::bigint * 16777216 + k), pg_temp.key('f', i),
    pg_temp.key('b', (i * 3 + k * 7) % 20000 + 1), (i + k) % 3 + 1, pg_temp.at(i), pg_temp.at(i), k - 1
    FROM generate_series(1, 20000) i, generate_series(1, 3) k;
-- Hand-written servers decrypt nothing.
UPDATE users SET phone = NULL;
COMMIT;
ANALYZE;
