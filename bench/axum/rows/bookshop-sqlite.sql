-- 5,000 customers, 20,000 books with three reviews each, 20,000 orders with three lines each. Ids tell the kind and the
-- number; every hundredth order is the seeded customer's.
BEGIN;
CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n;
CREATE TEMP TABLE shelves AS SELECT row_number() OVER (ORDER BY slug) - 1 AS place, id FROM categories;
INSERT INTO users (id, email, name, phone, newsletter, created_at, updated_at, version)
  SELECT printf('e0000000-0000-7000-8000-%012x', i), printf('grown%d@example.com', i), printf('Customer Number %d', i),
    NULL, i % 2, 1790000000000 + i * 1000, 1790000000000 + i * 1000, 1 FROM n WHERE i <= 5000;
INSERT INTO books (id, isbn, title, summary, language, pages, published_on, price, sale_price, stock, category_id,
    created_at, updated_at, version)
  SELECT printf('b0000000-0000-7000-8000-%012x', i), printf('978%010d', i), printf('The Book of Number %d', i),
    CASE WHEN i % 3 = 0 THEN NULL ELSE printf('Long ago, somebody counted to %d and wrote a book about "it".', i) END,
    CASE i % 5 WHEN 0 THEN 'en' WHEN 1 THEN 'fr' WHEN 2 THEN 'de' WHEN 3 THEN 'es' ELSE 'other' END,
    100 + i % 900, date('1950-01-01', printf('+%d days', i)), 200 + (i * 7919) % 9800,
    CASE WHEN i % 4 = 0 THEN 100 + (i * 7919) % 9800 END, 1000 + i % 1000,
    (SELECT id FROM shelves WHERE place = i % 6), 1790000000000 + i * 1000,
    1790000000000 + i * 1000, 1 FROM n;
INSERT INTO reviews (id, book_id, customer_id, rating, body, created_at, updated_at, version)
  SELECT printf('d0000000-0000-7000-8000-%06x%06x', i, k), printf('b0000000-0000-7000-8000-%012x', i),
    printf('e0000000-0000-7000-8000-%012x', (i * 3 + k * 7) % 5000 + 1), (i + k) % 5 + 1, 'I have read it.',
    1790000000000 + i * 1000, 1790000000000 + i * 1000, 1 FROM n, (SELECT i AS k FROM n WHERE i <= 3);
INSERT INTO orders (id, customer_id, status, deliver_to, agreed_total, tracking, placed_at, paid_at, shipped_at,
    created_at, updated_at, version)
  SELECT printf('f0000000-0000-7000-8000-%012x', i),
    CASE WHEN i % 100 = 0 THEN (SELECT id FROM users WHERE email = 'customer@example.com')
      ELSE printf('e0000000-0000-7000-8000-%012x', i % 5000 + 1) END,
    CASE i % 5 WHEN 0 THEN 'draft' WHEN 1 THEN 'placed' WHEN 2 THEN 'paid' WHEN 3 THEN 'shipped' ELSE 'cancelled' END,
    printf('%d Station Road, Ghent', i), CASE WHEN i % 5 = 0 THEN NULL ELSE 1000 + i % 9000 END,
    CASE WHEN i % 5 = 3 THEN printf('OR-%d', i) END, CASE WHEN i % 5 > 0 THEN 1790000100000 + i * 1000 END,
    CASE WHEN i % 5 IN (2, 3) THEN 1790000200000 + i * 1000 END,
    CASE WHEN i % 5 = 3 THEN 1790000300000 + i * 1000 END, 1790000000000 + i * 1000, 1790000300000 + i * 1000, 1 FROM n;
INSERT INTO order_lines (id, order_id, book_id, quantity, created_at, updated_at, position)
  SELECT printf('c0000000-0000-7000-8000-%06x%06x', i, k), printf('f0000000-0000-7000-8000-%012x', i),
    printf('b0000000-0000-7000-8000-%012x', (i * 3 + k * 7) % 20000 + 1), (i + k) % 3 + 1,
    1790000000000 + i * 1000, 1790000000000 + i * 1000, k - 1 FROM n, (SELECT i AS k FROM n WHERE i <= 3);
DROP TABLE temp.n;
DROP TABLE temp.shelves;
-- Hand-written servers decrypt nothing.
UPDATE users SET phone = NULL;
COMMIT;
ANALYZE;
PRAGMA wal_checkpoint(TRUNCATE);
