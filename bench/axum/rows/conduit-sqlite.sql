-- 5,000 people, 20,000 articles with three tags and two admirers each.
BEGIN;
CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n;
INSERT INTO users (id, email, username, bio, image, created_at, updated_at, version)
  SELECT printf('e0000000-0000-7000-8000-%012x', i), printf('grown%d@example.com', i), printf('grown%d', i),
    CASE WHEN i % 2 = 0 THEN printf('I am number %d.', i) END, NULL, 1790000000000 + i * 1000,
    1790000000000 + i * 1000, 1 FROM n WHERE i <= 5000;
INSERT INTO tags (id, name, version)
  SELECT printf('a0000000-0000-7000-8000-%012x', i), printf('tag-%d', i), 1 FROM n WHERE i <= 100;
INSERT INTO articles (id, slug, title, description, body, author_id, created_at, updated_at, version)
  SELECT printf('b0000000-0000-7000-8000-%012x', i), printf('article-%d', i), printf('Article Number %d', i),
    printf('What somebody thinks of the number %d, told in a few words.', i),
    printf('A long text about %d. %s', i, hex(zeroblob(400))), printf('e0000000-0000-7000-8000-%012x', i % 5000 + 1),
    1890000000000 + i * 1000, 1890000000000 + i * 1000, 1 FROM n;
INSERT INTO taggings (id, article_id, tag_id, version)
  SELECT printf('c0000000-0000-7000-8000-%06x%06x', i, k), printf('b0000000-0000-7000-8000-%012x', i),
    printf('a0000000-0000-7000-8000-%012x', (i + k * 7) % 100 + 1), 1 FROM n, (SELECT i AS k FROM n WHERE i <= 3);
INSERT INTO user_favourites (user_id, article_id)
  SELECT printf('e0000000-0000-7000-8000-%012x', (i * 3 + k * 7) % 5000 + 1),
    printf('b0000000-0000-7000-8000-%012x', i) FROM n, (SELECT i AS k FROM n WHERE i <= 2);
DROP TABLE temp.n;
COMMIT;
ANALYZE;
PRAGMA wal_checkpoint(TRUNCATE);
