//! What a contract that others wrote may ask of the whole API, on SQLite and on PostgreSQL.

use crate::common::{Running, plan, serve_with};
use crate::database::{Database, Kind};
use serde_json::json;

/// The server is dropped before its database.
struct World {
    server: Running,
    _database: Database,
}

async fn world(kind: Kind, design: &str) -> World {
    let database = Database::new(kind);
    let url = database.url();
    let server = serve_with(plan(design), |options| options.database_url = url);
    World {
        server: server.await,
        _database: database,
    }
}

/// On each database that is there.
async fn on_both(design: &str, asked: impl AsyncFn(&Running)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = world(kind, design).await;
        asked(&world.server).await;
    }
}

const LENIENT: &str = "
archwright: 1
name: notes
api: { unknown: ignore }
entities:
  Note:
    fields: { title: 'string(1..20), filter', size: int = 0 }
    allow: { read: anyone, write: anyone }
operations:
  find:
    route: GET /find
    by: anyone
    input: { query: { title: 'string(1..20)?' } }
    steps:
      - list: { notes: Note }
        where: query.title == null || title == query.title
    reply: { 200: { count: size(notes) } }
  add:
    route: POST /add
    by: anyone
    input: { body: { note: { title: string(1..20) } } }
    steps:
      - create: { note: Note }
        set: { title: body.note.title }
    reply: { 201: { title: note.title } }
  strict:
    route: POST /strict
    by: anyone
    unknown: refuse
    input: { body: { title: string(1..20) } }
    reply: { 200: { title: body.title } }
";

#[tokio::test]
async fn parameters_and_keys_that_nobody_declared_are_left_alone() {
    on_both(LENIENT, async |server| {
        let body = json!({ "title": "a", "colour": "red", "nested": [1] });
        let created = server.post("/v1/notes?trace=1", body).send().await;
        let created = created.expect(201);
        assert_eq!(created.json().get("colour"), None);
        let path = created.header("location").to_owned();
        let changed = server.ask("PATCH", &path).patch(json!({ "colour": 1 }));
        changed.send().await.expect(200);
        server
            .get(&format!("{path}?_=1&_=2"))
            .send()
            .await
            .expect(200);

        let body = json!({ "note": { "title": "b", "colour": "red" }, "more": {} });
        server
            .post("/v1/add?trace=1", body)
            .send()
            .await
            .expect(201);
        let found = server.get("/v1/find?title=b&page=1&page=2").send().await;
        assert_eq!(found.expect(200).json(), json!({ "count": 1 }));

        // A cursor is good with other parameters that say nothing.
        let first = server
            .get("/v1/notes?limit=1&utm=x")
            .send()
            .await
            .expect(200);
        let next = first.json()["page"]["next"].as_str().unwrap().to_owned();
        let second = server.get(&format!("/v1/notes?limit=1&cursor={next}"));
        let second = second.send().await.expect(200).json();
        assert_eq!(second["data"][0]["title"], "a");
    })
    .await;
}

#[tokio::test]
async fn what_is_declared_is_still_judged() {
    on_both(LENIENT, async |server| {
        for path in [
            "/v1/notes?limit=0",
            "/v1/find?title=",
            "/v1/notes?sort=colour",
            "/v1/notes?size=1",
            "/v1/notes?title.like=a",
        ] {
            server.get(path).send().await.expect(400);
        }
        // It is no key that nobody knows: the representation has it.
        let body = json!({ "title": "a", "created_at": "2026-01-01T00:00:00.000Z" });
        let refused = server.post("/v1/notes", body).send().await.expect(422);
        assert_eq!(refused.json()["errors"][0]["code"], "read-only");
        let body = json!({ "title": "a", "colour": "red" });
        let refused = server.post("/v1/strict", body).send().await.expect(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/colour");
    })
    .await;
}

const SCHEMES: &str = "
archwright: 1
name: notes
api: { tokens: { scheme: [Bearer, token] } }
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: 'email, unique' }
    allow: { read: owner }
";

#[tokio::test]
async fn each_scheme_that_the_design_names_is_taken() {
    on_both(SCHEMES, async |server| {
        let body = json!({ "email": "a@example.com", "password": "correct horse" });
        let session = server.post("/v1/auth/sign-up", body).send().await;
        let session = session.expect(201).json();
        assert_eq!(session["token_type"], "Bearer");
        let token = session["access_token"].as_str().unwrap().to_owned();
        let me = |scheme: &str| {
            let ask = server.get("/v1/auth/me");
            ask.header("authorization", &format!("{scheme} {token}"))
                .send()
        };
        for scheme in ["Bearer", "token", "Token"] {
            me(scheme).await.expect(200);
        }
        let refused = me("Basic").await.expect(401);
        let challenge = refused.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer ") && challenge.contains(", token "),
            "{challenge}"
        );
    })
    .await;
}

#[tokio::test]
async fn json_by_another_name_is_json() {
    on_both(LENIENT, async |server| {
        let post = |media_type: &str, accept: &str| {
            let ask = server.ask("POST", "/v1/notes").body(r#"{ "title": "a" }"#);
            ask.header("content-type", media_type)
                .header("accept", accept)
                .send()
        };
        let vendor = "application/vnd.github+json";
        let created = post(vendor, vendor).await.expect(201);
        assert_eq!(created.header("content-type"), "application/json");
        post("application/json-patch+json", "*/*").await.expect(415);
        post("application/json", "application/xml")
            .await
            .expect(406);
    })
    .await;
}

const OWN: &str = r#"
archwright: 1
name: notes
api:
  statuses: { invalid: 400, unique: 422, check: 403 }
  errors:
    400:
      message: detail
      errors: { each: fields, as: f, item: { field: f.field, at: f.name, why: "f.code == 'required' ? 'missing_field' : 'invalid'" } }
    default: { message: detail, status: status }
entities:
  Note:
    fields:
      title: string(1..20), unique
      size: int, max 9 = 0
      about: string(1..20)?
      tags: Tag[]
    checks: { even: { that: size % 2 == 0, message: Odd. } }
    allow: { read: anyone, write: anyone }
  Tag:
    fields: { name: string(1..20) }
operations:
  add:
    route: POST /add
    by: anyone
    input: { body: { note: { title: string(1..20), about: "string(1..20)?", size: int = 2 } } }
    steps:
      - create: { note: Note }
        set: { title: body.note.title, about: body.note.about, size: body.note.size }
    reply:
      201:
        headers:
          Location: "'/notes/' + note.title + '?size=' + string(note.size)"
          X-About: note.about
        body: { title: note.title, about?: note.about }
  grow:
    route: POST /grow/{title}
    by: anyone
    steps:
      - find: { note: Note }
        where: title == path.title
        else: 422
      - increment: { note.size: 1 }
    reply: { 200: { size: note.size } }
"#;

#[tokio::test]
async fn mistakes_have_the_statuses_and_the_words_of_the_design() {
    on_both(OWN, async |server| {
        let refused = server.post("/v1/notes", json!({ "size": 12 })).send().await;
        let refused = refused.expect(400).json();
        let expected = json!([
            { "field": "title", "at": "title", "why": "missing_field" },
            { "field": "size", "at": "size", "why": "invalid" },
        ]);
        assert_eq!(refused["errors"], expected);

        let body = json!({ "note": { "title": "" } });
        let refused = server.post("/v1/add", body).send().await.expect(400).json();
        let expected = json!([{ "field": "title", "at": "note/title", "why": "invalid" }]);
        assert_eq!(refused["errors"], expected);

        let note = json!({ "title": "a" });
        server
            .post("/v1/notes", note.clone())
            .send()
            .await
            .expect(201);
        let taken = server.post("/v1/notes", note).send().await.expect(422);
        assert_eq!(taken.json()["status"], 422);
        let taken = server.post("/v1/add", json!({ "note": { "title": "a" } }));
        taken.send().await.expect(422);

        // A check that no input breaks, and a status that a step asks for.
        server.ask("POST", "/v1/grow/a").send().await.expect(403);
        server.ask("POST", "/v1/grow/b").send().await.expect(422);
        // What the protocol says stays.
        server.get("/v1/nothing").send().await.expect(404);
    })
    .await;
}

#[tokio::test]
async fn replies_have_headers_of_their_own_and_leave_out_what_is_missing() {
    on_both(OWN, async |server| {
        let add = |note: serde_json::Value| {
            let ask = server.post("/v1/add", json!({ "note": note }));
            ask.header("idempotency-key", "k-1").send()
        };
        let first = add(json!({ "title": "é b", "about": "x" }))
            .await
            .expect(201);
        assert_eq!(first.json(), json!({ "title": "é b", "about": "x" }));
        assert_eq!(first.header("location"), "/notes/%C3%A9 b?size=2");
        assert_eq!(first.header("x-about"), "x");
        let again = add(json!({ "title": "é b", "about": "x" }))
            .await
            .expect(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("x-about"), "x");

        let plain = server.post("/v1/add", json!({ "note": { "title": "c" } }));
        let plain = plain.send().await.expect(201);
        assert_eq!(plain.json(), json!({ "title": "c" }));
        assert_eq!(plain.headers.get("x-about"), None);
    })
    .await;
}

#[tokio::test]
async fn a_header_takes_no_line_from_a_value() {
    on_both(OWN, async |server| {
        let note = json!({ "title": "a\r\nX-Evil: 1", "about": "b\nc" });
        let reply = server.post("/v1/add", json!({ "note": note })).send().await;
        let reply = reply.expect(201);
        assert_eq!(reply.headers.get("x-evil"), None);
        assert_eq!(reply.header("x-about"), "b%0Ac");
    })
    .await;
}

const CHOICES: &str = r#"
archwright: 1
name: notes
api:
  errors:
    default:
      code: code
      why?: { if: status == 404, then: "status == 404 ? null : detail" }
      never?: { if: status == 499, then: detail }
      missing?: "status == 404 ? null : detail"
entities:
  Note:
    fields: { title: "string(1..20), unique", about: "string(1..20)?" }
    allow: { read: anyone, write: anyone }
operations:
  show:
    route: GET /show/{title}
    by: anyone
    steps:
      - find: { note: Note }
        where: title == path.title
    reply:
      200:
        title: note.title
        why?: { if: "note.title == 'a'", then: note.about }
        never?: { if: "note.title == 'b'", then: note.about }
        missing?: note.about
"#;

#[tokio::test]
async fn a_condition_says_whether_a_key_is_there_and_not_the_value() {
    on_both(CHOICES, async |server| {
        let note = json!({ "title": "a" });
        server.post("/v1/notes", note).send().await.expect(201);
        let shown = server.get("/v1/show/a").send().await.expect(200).json();
        assert_eq!(shown, json!({ "title": "a", "why": null }));
        let refused = server.get("/v1/show/b").send().await.expect(404).json();
        assert_eq!(refused, json!({ "code": "not-found", "why": null }));
    })
    .await;
}
