//! Replies of operations: statuses, headers, bodies.

use crate::common::{example, plan, serve, serve_seeded};
use crate::design::{NOTES, created};
use serde_json::json;

#[tokio::test]
async fn a_created_row_is_where_location_says() {
    let server = serve(plan(NOTES)).await;
    let created = server
        .post("/v1/notes", json!({ "title": "a" }))
        .send()
        .await
        .expect(201);
    assert_eq!(created.header("content-type"), "application/json");
    assert_eq!(created.header("cache-control"), "no-store");
    assert_eq!(created.header("etag"), "\"1\"");
    let path = created.header("location").to_owned();
    let read = server.get(&path).send().await.expect(200);
    assert_eq!(read.body, created.body);
    server.ask("DELETE", &path).send().await.expect(204);
    server.get(&path).send().await.expect(404);
}

#[tokio::test]
async fn a_version_that_the_client_has_is_not_sent_again() {
    let server = serve(plan(NOTES)).await;
    let path = created(&server, "a").await;
    let reply = server
        .get(&path)
        .header("if-none-match", "\"1\"")
        .send()
        .await
        .expect(304);
    assert!(reply.body.is_empty());
    assert_eq!(reply.header("etag"), "\"1\"");
    server
        .get(&path)
        .header("if-none-match", "\"2\"")
        .send()
        .await
        .expect(200);
    server
        .get(&path)
        .header("if-none-match", "W/\"1\", \"3\"")
        .send()
        .await
        .expect(304);
}

#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let server = serve(plan(NOTES)).await;
    let path = created(&server, "a").await;
    let change = |version: &str| {
        let ask = server.ask("PATCH", &path).patch(json!({ "size": 1 }));
        ask.header("if-match", version)
    };
    let changed = change("\"1\"").send().await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    change("\"1\"").send().await.expect(412);
    change("W/\"2\"").send().await.expect(412);
    change("*").send().await.expect(200);
}

#[tokio::test]
async fn lists_lead_from_page_to_page() {
    let server = serve(plan(NOTES)).await;
    for title in ["a", "b", "c"] {
        server
            .post("/v1/notes", json!({ "title": title }))
            .send()
            .await
            .expect(201);
    }
    let mut path = "/v1/notes?limit=2&sort=size".to_owned();
    let mut titles = Vec::new();
    loop {
        let reply = server.get(&path).send().await.expect(200);
        for row in reply.json()["data"].as_array().unwrap() {
            titles.push(row["title"].as_str().unwrap().to_owned());
        }
        let link = reply.header("link").to_owned();
        assert!(
            link.starts_with("</v1/notes?limit=2&sort=size>; rel=\"first\""),
            "{link}"
        );
        let Some((_, next)) = link.split_once(", <") else {
            break;
        };
        path = next.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
    }
    titles.sort();
    assert_eq!(titles, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let server = serve(plan(NOTES)).await;
    let get = server.get("/v1/notes").send().await.expect(200);
    let head = server.ask("HEAD", "/v1/notes").send().await.expect(200);
    assert!(head.body.is_empty());
    for name in ["content-type", "content-length", "link", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert!(
        server
            .ask("HEAD", "/v1/nothing")
            .send()
            .await
            .expect(404)
            .body
            .is_empty()
    );
}

#[tokio::test]
async fn a_request_that_is_sent_again_with_its_key_is_done_once() {
    let server = serve(plan(NOTES)).await;
    let post = |title: &str| {
        let ask = server.post("/v1/notes", json!({ "title": title }));
        ask.header("idempotency-key", "k-1").send()
    };
    let first = post("a").await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = post("a").await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(
        (&again.body, again.header("location")),
        (&first.body, first.header("location"))
    );
    let other = post("b").await.expect(422);
    assert_eq!(other.json()["code"], "key-reused");
    let rows = server.get("/v1/notes").send().await.expect(200).json();
    assert_eq!(rows["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_later_version_will_not_have_is_deprecated() {
    let server = serve(plan(NOTES)).await;
    let reply = server.get("/v1/notes").send().await;
    assert_eq!(reply.header("deprecation"), "");
    let design = NOTES.replace(
        "    versioned: true\n",
        "    versioned: true\n    until: 1\n",
    );
    let server = serve(plan(&design)).await;
    let reply = server.get("/v1/notes").send().await;
    let since = reply.header("deprecation").strip_prefix('@').unwrap();
    assert!(since.parse::<i64>().unwrap() > 1_700_000_000);
}

#[tokio::test]
async fn every_bad_field_is_in_one_reply() {
    let server = serve(plan(NOTES)).await;
    let bad = json!({ "title": "", "size": "x", "colour": "red" });
    let reply = server.post("/v1/notes", bad).send().await.expect(422);
    let mut pointers: Vec<String> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect();
    pointers.sort();
    assert_eq!(pointers, ["/colour", "/size", "/title"]);
}

#[tokio::test]
async fn what_an_account_sees_is_kept_by_nobody() {
    let server = serve_seeded(example("bookshop")).await;
    let anonymous = server.get("/v1/books").send().await.expect(200);
    assert_eq!(anonymous.header("cache-control"), "no-cache");
    assert_eq!(anonymous.header("vary"), "authorization");
    let token = server.token("staff").await;
    let signed_in = server
        .get("/v1/books")
        .token(&token)
        .send()
        .await
        .expect(200);
    assert_eq!(signed_in.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn every_path_that_the_document_lists_is_expanded_and_none_that_comes_back() {
    let server = serve_seeded(example("bookshop")).await;
    let token = server.token("admin").await;
    let document = server.get("/openapi.json").send().await.expect(200).json();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array();
        let mut parameters = parameters.into_iter().flatten();
        let shared = parameters.find_map(|one| {
            let target = one["$ref"]
                .as_str()?
                .strip_prefix("#/components/parameters/")?;
            target.starts_with("expand-").then_some(target)
        });
        let Some(shared) = shared else {
            continue;
        };
        let expand = &document["components"]["parameters"][shared];
        if path.contains('{') {
            continue;
        }
        for listed in expand["schema"]["items"]["enum"].as_array().unwrap() {
            let listed = listed.as_str().unwrap();
            let query = match path.ends_with("/me") {
                true => format!("{path}?expand={listed}"),
                false => format!("{path}?limit=1&expand={listed}"),
            };
            server.get(&query).token(&token).send().await.expect(200);
            tried += 1;
        }
    }
    assert!(tried > 5, "{tried} paths");
    let back = server.get("/v1/books?expand=authors.books");
    back.send().await.expect(400);
}
