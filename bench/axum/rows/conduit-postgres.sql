-- The same rows as in conduit-sqlite.sql.
BEGIN;
CREATE FUNCTION pg_temp.key(kind text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT (kind || '0000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid $$;
CREATE FUNCTION pg_temp.at(i bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT to_timestamp(i) $$;
INSERT INTO users (id, email, username, bio, image, created_at, updated_at, version)
  SELECT pg_temp.key('e', i), format('grown%s@example.com', i), format('grown%s', i),
    CASE WHEN i % 2 = 0 THEN format('I am number %s.', i) END, NULL, pg_temp.at(1790000000 + i),
    pg_temp.at(1790000000 + i), 1 FROM generate_series(1, 5000) i;
INSERT INTO tags (id, name, version) SELECT pg_temp.key('a', i), format('tag-%s', i), 1 FROM generate_series(1, 100) i;
INSERT INTO articles (id, slug, title, description, body, author_id, created_at, updated_at, version)
  SELECT pg_temp.key('b', i), format('article-%s', i), format('Article Number %s', i),
    format('What somebody thinks of the number %s, told in a few words.', i),
    format('A long text about %s. %s', i, repeat('0', 800)), pg_temp.key('e', i % 5000 + 1),
    pg_temp.at(1890000000 + i), pg_temp.at(1890000000 + i), 1 FROM generate_series(1, 20000) i;
INSERT INTO taggings (id, article_id, tag_id, version)
  SELECT pg_temp.key('c', i::bigint * 16777216 + k), pg_temp.key('b', i), pg_temp.key('a', (i + k * 7) % 100 + 1), 1
    FROM generate_series(1, 20000) i, generate_series(1, 3) k;
INSERT INTO user_favourites (user_id, article_id)
  SELECT pg_temp.key('e', (i * 3 + k * 7) % 5000 + 1), pg_temp.key('b', i)
    FROM generate_series(1, 20000) i, generate_series(1, 2) k;
COMMIT;
ANALYZE;
