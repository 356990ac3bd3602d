\set n random(0, 9)
SELECT a.id, a.slug, a.title, a.description, a.created_at, a.updated_at, (SELECT COUNT(*) FROM user_favourites f WHERE f.article_id = a.id), u.username, u.bio, u.image FROM articles a LEFT JOIN users u ON u.id = a.author_id ORDER BY a.created_at DESC, a.id DESC LIMIT 20 OFFSET :n * 20;
SELECT g.article_id, t.name FROM taggings g JOIN tags t ON t.id = g.tag_id WHERE g.article_id IN (SELECT a.id FROM articles a ORDER BY a.created_at DESC, a.id DESC LIMIT 20 OFFSET :n * 20) ORDER BY g.article_id, g.id;
SELECT COUNT(*) FROM articles;
