//! `examples/conduit` over HTTP, as the public contract of its clients has it, on SQLite and on PostgreSQL, among rows of
//! others.

use crate::common::{Ask, Reply, Running, example, seed, serve_with};
use crate::database::{Database, Kind};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

/// The server is dropped before its database.
struct World {
    server: Running,
    _database: Database,
}

async fn world(kind: Kind) -> World {
    let database = Database::new(kind);
    let plan = example("conduit");
    let seed = seed(&plan);
    let server = serve_with(plan, |options| {
        options.seed = Some(seed);
        options.database_url = database.url();
    });
    World {
        server: server.await,
        _database: database,
    }
}

impl World {
    fn ask(&self, token: Option<&str>, request: &str, body: Option<Value>) -> Ask {
        let (method, path) = request.split_once(' ').unwrap();
        let mut ask = self.server.ask(method, &format!("/api{path}"));
        if let Some(token) = token {
            ask = ask.header("authorization", &format!("Token {token}"));
        }
        match body {
            Some(body) => ask.json(body),
            None => ask,
        }
    }

    #[track_caller]
    fn reply(
        &self,
        token: Option<&str>,
        request: &str,
        body: Option<Value>,
        status: u16,
    ) -> impl Future<Output = Value> {
        let asked = self.ask(token, request, body).send();
        let request = request.to_owned();
        async move {
            let reply: Reply = asked.await;
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            assert_eq!(reply.status, status, "{request}: {text}");
            serde_json::from_str(&text).unwrap_or(Value::Null)
        }
    }

    async fn register(&self, name: &str) -> String {
        let body =
            json!({ "user": { "username": name, "email": mail(name), "password": PASSWORD } });
        let reply = self.reply(None, "POST /users", Some(body), 201).await;
        token(&reply)
    }

    async fn login(&self, name: &str, password: &str, status: u16) -> Value {
        let body = json!({ "user": { "email": mail(name), "password": password } });
        self.reply(None, "POST /users/login", Some(body), status)
            .await
    }

    async fn update(&self, token: &str, user: Value, status: u16) -> Value {
        let body = Some(json!({ "user": user }));
        self.reply(Some(token), "PUT /user", body, status).await
    }

    async fn write(&self, token: &str, title: &str, tags: Value) -> Value {
        let article = json!({ "title": title, "description": "About it", "body": "All of it", "tagList": tags });
        let body = Some(json!({ "article": article }));
        let reply = self.reply(Some(token), "POST /articles", body, 201).await;
        reply["article"].clone()
    }

    /// The titles of a list, with the number of all that match.
    async fn titles(&self, token: Option<&str>, path: &str) -> (Vec<String>, i64) {
        let reply = self.reply(token, &format!("GET {path}"), None, 200).await;
        let articles = reply["articles"].as_array().unwrap();
        let titles = articles.iter().map(|one| text(&one["title"]));
        (titles.collect(), reply["articlesCount"].as_i64().unwrap())
    }
}

fn mail(name: &str) -> String {
    format!("{name}@conduit.test")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn token(reply: &Value) -> String {
    let token = text(&reply["user"]["token"]);
    assert!(!token.is_empty(), "{reply}");
    token
}

async fn accounts(world: &World) {
    let first = world.register("ada").await;
    let taken =
        json!({ "user": { "username": "ada", "email": "x@conduit.test", "password": PASSWORD } });
    let reply = world.reply(None, "POST /users", Some(taken), 409).await;
    assert_eq!(
        reply,
        json!({ "errors": { "username": ["has already been taken"] } })
    );
    let taken =
        json!({ "user": { "username": "eda", "email": "ADA@conduit.test", "password": PASSWORD } });
    let reply = world.reply(None, "POST /users", Some(taken), 409).await;
    assert_eq!(
        reply,
        json!({ "errors": { "email": ["has already been taken"] } })
    );
    let blank = json!({ "user": { "username": "", "email": "", "password": "" } });
    let reply = world.reply(None, "POST /users", Some(blank), 422).await;
    let said = json!(["can't be blank"]);
    assert_eq!(
        reply,
        json!({ "errors": { "email": said, "password": said, "username": said } })
    );
    let reply = world
        .reply(None, "POST /users", Some(json!({ "user": {} })), 422)
        .await;
    assert_eq!(reply["errors"]["password"], said);

    let reply = world.login("ada", PASSWORD, 200).await;
    let second = token(&reply);
    assert_eq!(
        reply["user"],
        json!({ "email": mail("ada"), "token": second, "username": "ada", "bio": null, "image": null })
    );
    let refused = json!({ "errors": { "credentials": ["invalid"] } });
    assert_eq!(world.login("ada", "wrong horse", 401).await, refused);
    assert_eq!(world.login("nobody", PASSWORD, 401).await, refused);
    // An old token does not keep anybody from signing in.
    let body = Some(json!({ "user": { "email": mail("ada"), "password": PASSWORD } }));
    world
        .reply(Some("worn.out.token"), "POST /users/login", body, 200)
        .await;

    let reply = world.reply(Some(&first), "GET /user", None, 200).await;
    assert_eq!(token(&reply), first);
    let missing = json!({ "errors": { "token": ["is missing"] } });
    assert_eq!(world.reply(None, "GET /user", None, 401).await, missing);
    assert_eq!(
        world
            .reply(Some("worn.out.token"), "GET /user", None, 401)
            .await,
        missing
    );

    let reply = world
        .update(
            &first,
            json!({ "bio": "Counts.", "image": "https://a.test/a.png" }),
            200,
        )
        .await;
    assert_eq!(reply["user"]["bio"], "Counts.");
    // What is left out stays, an empty text and null take away.
    let reply = world.update(&first, json!({ "bio": "" }), 200).await;
    assert_eq!(
        (&reply["user"]["bio"], &reply["user"]["image"]),
        (&Value::Null, &json!("https://a.test/a.png"))
    );
    let reply = world.update(&first, json!({ "image": null }), 200).await;
    assert_eq!(reply["user"]["image"], Value::Null);
    for wrong in [
        json!({ "email": null }),
        json!({ "email": "" }),
        json!({ "username": null }),
        json!({ "username": "" }),
        json!({ "password": null }),
        json!({ "password": "" }),
        json!({ "password": "seven77" }),
        json!({ "password": "x".repeat(257) }),
    ] {
        let field = wrong.as_object().unwrap().keys().next().unwrap().clone();
        let reply = world.update(&first, wrong, 422).await;
        assert!(reply["errors"][&field][0].is_string(), "{reply}");
    }

    // A new password ends the other sessions, and not this one.
    let reply = world
        .update(
            &first,
            json!({ "username": "ada_l", "password": "another horse" }),
            200,
        )
        .await;
    assert_eq!(
        (token(&reply), &reply["user"]["username"]),
        (first.clone(), &json!("ada_l"))
    );
    world.reply(Some(&second), "GET /user", None, 401).await;
    world.reply(Some(&first), "GET /user", None, 200).await;
    assert_eq!(world.login("ada", PASSWORD, 401).await, refused);
    world.login("ada", "another horse", 200).await;
}

async fn articles(world: &World) {
    let ada = world.register("author").await;
    let bob = world.register("bystander").await;
    let one = world
        .write(&ada, "How to count", json!(["zeta", "alpha", "zeta"]))
        .await;
    // Tags keep their order, and come once.
    assert_eq!(one["tagList"], json!(["zeta", "alpha"]));
    assert_eq!(
        (&one["favorited"], &one["favoritesCount"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(one["author"]["username"], "author");
    let two = world.write(&ada, "How to count", json!([])).await;
    assert_eq!(
        (text(&one["slug"]), text(&two["slug"])),
        ("how-to-count".into(), "how-to-count-2".into())
    );
    let three = world.write(&bob, "Elsewhere", json!(["alpha"])).await;
    let reply = world.reply(None, "GET /tags", None, 200).await;
    let tags = reply["tags"].as_array().unwrap();
    assert!(
        tags.contains(&json!("zeta")) && !tags.contains(&json!("beta")),
        "{reply}"
    );

    // Filters do filter, among articles of others.
    assert_eq!(
        world.titles(None, "/articles?tag=zeta").await,
        (vec!["How to count".into()], 1)
    );
    assert_eq!(
        world.titles(None, "/articles?tag=alpha").await.0,
        ["Elsewhere", "How to count"]
    );
    assert_eq!(world.titles(None, "/articles?tag=beta").await, (vec![], 0));
    assert_eq!(
        world.titles(None, "/articles?author=bystander").await,
        (vec!["Elsewhere".into()], 1)
    );
    assert_eq!(
        world
            .titles(None, "/articles?author=author&limit=1&offset=1")
            .await,
        (vec!["How to count".into()], 2)
    );
    let (all, total) = world.titles(None, "/articles?limit=2").await;
    assert!(
        all == ["Elsewhere", "How to count"] && total > 3,
        "{all:?} {total}"
    );
    let listed = world.reply(None, "GET /articles?limit=1", None, 200).await;
    assert!(listed["articles"][0].get("body").is_none());
    world.reply(None, "GET /articles?limit=0", None, 400).await;

    let slug = text(&three["slug"]);
    let favourite = format!("POST /articles/{slug}/favorite");
    for _ in 0..2 {
        let reply = world.reply(Some(&ada), &favourite, None, 200).await;
        assert_eq!(
            (
                &reply["article"]["favorited"],
                &reply["article"]["favoritesCount"]
            ),
            (&json!(true), &json!(1))
        );
    }
    assert_eq!(
        world.titles(None, "/articles?favorited=author").await,
        (vec!["Elsewhere".into()], 1)
    );
    assert_eq!(
        world.titles(None, "/articles?favorited=bystander").await,
        (vec![], 0)
    );
    let reply = world
        .reply(Some(&bob), &format!("GET /articles/{slug}"), None, 200)
        .await;
    assert_eq!(
        (
            &reply["article"]["favorited"],
            &reply["article"]["favoritesCount"]
        ),
        (&json!(false), &json!(1))
    );
    world
        .reply(
            Some(&ada),
            &format!("DELETE /articles/{slug}/favorite"),
            None,
            200,
        )
        .await;
    assert_eq!(
        world.titles(None, "/articles?favorited=author").await,
        (vec![], 0)
    );

    // Only the author changes it; the slug follows the title, and nothing else moves it.
    let path = format!("PUT /articles/{}", text(&one["slug"]));
    let change = |article: Value| Some(json!({ "article": article }));
    let reply = world
        .reply(Some(&bob), &path, change(json!({ "body": "Mine" })), 403)
        .await;
    assert_eq!(reply, json!({ "errors": { "article": ["forbidden"] } }));
    let reply = world
        .reply(
            Some(&ada),
            &path,
            change(json!({ "body": "Less of it" })),
            200,
        )
        .await;
    assert_eq!(
        (&reply["article"]["slug"], &reply["article"]["tagList"]),
        (&one["slug"], &json!(["zeta", "alpha"]))
    );
    assert_eq!(reply["article"]["createdAt"], one["createdAt"]);
    world
        .reply(Some(&ada), &path, change(json!({ "tagList": null })), 422)
        .await;
    let reply = world
        .reply(
            Some(&ada),
            &path,
            change(json!({ "tagList": ["alpha", "beta"] })),
            200,
        )
        .await;
    assert_eq!(reply["article"]["tagList"], json!(["alpha", "beta"]));
    let reply = world
        .reply(Some(&ada), &path, change(json!({ "tagList": [] })), 200)
        .await;
    assert_eq!(reply["article"]["tagList"], json!([]));
    let reply = world
        .reply(Some(&ada), &path, change(json!({ "title": "" })), 422)
        .await;
    assert_eq!(reply, json!({ "errors": { "title": ["can't be blank"] } }));
    let reply = world
        .reply(
            Some(&ada),
            &path,
            change(json!({ "title": "How to add" })),
            200,
        )
        .await;
    assert_eq!(
        (&reply["article"]["slug"], &reply["article"]["body"]),
        (&json!("how-to-add"), &json!("Less of it"))
    );
    let missing = json!({ "errors": { "article": ["not found"] } });
    assert_eq!(
        world
            .reply(Some(&ada), &path, change(json!({ "body": "x" })), 404)
            .await,
        missing
    );

    let delete = "DELETE /articles/how-to-add";
    world.reply(None, delete, None, 401).await;
    let reply = world.reply(Some(&bob), delete, None, 403).await;
    assert_eq!(reply, json!({ "errors": { "article": ["forbidden"] } }));
    world.reply(Some(&ada), delete, None, 204).await;
    assert_eq!(
        world
            .reply(None, "GET /articles/how-to-add", None, 404)
            .await,
        missing
    );
}

async fn people(world: &World) {
    let reader = world.register("reader").await;
    let writer = world.register("writer").await;
    assert_eq!(
        world.titles(Some(&reader), "/articles/feed").await,
        (vec![], 0)
    );
    world.reply(None, "GET /articles/feed", None, 401).await;
    world.write(&writer, "First", json!([])).await;
    world.write(&writer, "Second", json!([])).await;
    world.write(&reader, "My own", json!([])).await;
    let reply = world
        .reply(Some(&reader), "GET /profiles/writer", None, 200)
        .await;
    // A profile tells no e-mail.
    let profile = json!({ "username": "writer", "bio": null, "image": null, "following": false });
    assert_eq!(reply, json!({ "profile": profile }));
    for _ in 0..2 {
        let reply = world
            .reply(Some(&reader), "POST /profiles/writer/follow", None, 200)
            .await;
        assert_eq!(reply["profile"]["following"], true);
    }
    let feed = world.titles(Some(&reader), "/articles/feed").await;
    assert_eq!(feed, (vec!["Second".into(), "First".into()], 2));
    assert_eq!(
        world
            .titles(Some(&reader), "/articles/feed?limit=1&offset=1")
            .await,
        (vec!["First".into()], 2)
    );
    assert_eq!(
        world.titles(Some(&writer), "/articles/feed").await,
        (vec![], 0)
    );
    let reply = world.reply(None, "GET /profiles/writer", None, 200).await;
    assert_eq!(reply["profile"]["following"], false);
    let reply = world
        .reply(Some(&reader), "DELETE /profiles/writer/follow", None, 200)
        .await;
    assert_eq!(reply["profile"]["following"], false);
    assert_eq!(
        world.titles(Some(&reader), "/articles/feed").await,
        (vec![], 0)
    );
    let missing = json!({ "errors": { "profile": ["not found"] } });
    assert_eq!(
        world.reply(None, "GET /profiles/nemo", None, 404).await,
        missing
    );
    assert_eq!(
        world
            .reply(Some(&reader), "POST /profiles/nemo/follow", None, 404)
            .await,
        missing
    );
}

async fn comments(world: &World) {
    let host = world.register("host").await;
    let guest = world.register("guest").await;
    let slug = text(&world.write(&host, "Talk to me", json!([])).await["slug"]);
    let other = text(&world.write(&host, "Talk here", json!([])).await["slug"]);
    let comments = format!("/articles/{slug}/comments");
    let say = |body: &str| Some(json!({ "comment": { "body": body } }));
    let first = world
        .reply(Some(&guest), &format!("POST {comments}"), say("One"), 201)
        .await;
    let second = world
        .reply(Some(&host), &format!("POST {comments}"), say("Two"), 201)
        .await;
    assert!(first["comment"]["id"].is_i64(), "{first}");
    assert_eq!(first["comment"]["author"]["username"], "guest");
    let reply = world
        .reply(None, &format!("GET {comments}"), None, 200)
        .await;
    let bodies: Vec<&Value> = reply["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["body"])
        .collect();
    assert_eq!(bodies, ["Two", "One"]);
    let reply = world
        .reply(Some(&host), &format!("POST {comments}"), say(""), 422)
        .await;
    assert_eq!(reply, json!({ "errors": { "body": ["can't be blank"] } }));
    let missing = json!({ "errors": { "article": ["not found"] } });
    assert_eq!(
        world
            .reply(
                Some(&host),
                "POST /articles/nowhere/comments",
                say("x"),
                404
            )
            .await,
        missing
    );
    assert_eq!(
        world
            .reply(None, "GET /articles/nowhere/comments", None, 404)
            .await,
        missing
    );

    // A comment is deleted by its author, below its own article.
    let first = first["comment"]["id"].as_i64().unwrap();
    let delete = |slug: &str, id: i64| format!("DELETE /articles/{slug}/comments/{id}");
    let reply = world
        .reply(Some(&host), &delete(&slug, first), None, 403)
        .await;
    assert_eq!(reply, json!({ "errors": { "comment": ["forbidden"] } }));
    let unknown = json!({ "errors": { "comment": ["not found"] } });
    assert_eq!(
        world
            .reply(Some(&guest), &delete(&other, first), None, 404)
            .await,
        unknown
    );
    assert_eq!(
        world
            .reply(Some(&guest), &delete(&slug, 99_999), None, 404)
            .await,
        unknown
    );
    assert_eq!(
        world
            .reply(Some(&guest), &delete("nowhere", first), None, 404)
            .await,
        missing
    );
    world.reply(None, &delete(&slug, first), None, 401).await;
    world
        .reply(Some(&guest), &delete(&slug, first), None, 204)
        .await;
    let reply = world
        .reply(None, &format!("GET {comments}"), None, 200)
        .await;
    assert_eq!(reply["comments"].as_array().unwrap().len(), 1);
    assert_eq!(reply["comments"][0]["id"], second["comment"]["id"]);
}

async fn journey(kind: Kind) {
    let world = world(kind).await;
    accounts(&world).await;
    articles(&world).await;
    people(&world).await;
    comments(&world).await;
}

#[tokio::test]
async fn conduit_keeps_its_contract_on_sqlite() {
    journey(Kind::Sqlite).await;
}

// A connection to PostgreSQL is driven by the thread that waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn conduit_keeps_its_contract_on_postgres() {
    journey(Kind::Postgres).await;
}
