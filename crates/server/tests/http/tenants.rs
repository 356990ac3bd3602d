//! What somebody of one organisation can do to another: nothing, by any way that names a row.

use crate::common::{Reply, Running, example, serve_seeded};
use serde_json::{Value, json};

const LEAD_OF: &str = "acme";
const OTHER: &str = "globex";

async fn sign_up(server: &Running, name: &str, organisation: &str) -> (String, String) {
    let body = json!({
        "email": format!("{name}@example.com"), "name": name, "organisation_slug": organisation,
        "password": "correct horse battery",
    });
    let reply = server.post("/v2/auth/sign-up", body).send().await;
    let session = reply.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&session["access_token"]),
        text(&session["account"]["id"]),
    )
}

async fn ask(server: &Running, token: &str, request: &str, body: Option<Value>) -> Reply {
    let (method, path) = request.split_once(' ').unwrap();
    let ask = server.ask(method, path).token(token);
    let ask = match (method, body) {
        (_, None) => ask,
        ("PATCH", Some(body)) => ask.patch(body),
        (_, Some(body)) => ask.json(body),
    };
    ask.send().await
}

async fn ticket(server: &Running, token: &str) -> i64 {
    let body = json!({ "subject": "Help", "question": "How?" });
    let made = ask(server, token, "POST /v2/tickets", Some(body)).await;
    made.expect(201).json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn no_row_of_another_organisation_is_read_named_or_changed() {
    let server = serve_seeded(example("helpdesk")).await;
    let lead = server.token("lead").await;
    let own = ask(&server, &lead, "GET /v2/auth/me", None).await.json();
    assert_eq!(own["organisation_slug"], LEAD_OF);
    let (here, al) = sign_up(&server, "al", LEAD_OF).await;
    let (there, eve) = sign_up(&server, "eve", OTHER).await;
    let (mine, theirs) = (ticket(&server, &here).await, ticket(&server, &there).await);
    let teams = ask(&server, &lead, "GET /v2/teams", None).await.json();
    let team = teams["data"][0]["id"].as_i64().unwrap();

    let requests = [
        (format!("GET /v2/tickets/{theirs}"), None, 404),
        (
            format!("PATCH /v2/tickets/{theirs}"),
            Some(json!({ "subject": "x" })),
            404,
        ),
        (
            format!("POST /v2/tickets/{theirs}/solve"),
            Some(json!({ "resolution": "x" })),
            404,
        ),
        (format!("GET /v2/users/{eve}"), None, 404),
        (format!("DELETE /v2/users/{eve}"), None, 404),
        (
            format!("PUT /v2/users/{eve}/roles"),
            Some(json!({ "roles": ["lead"] })),
            404,
        ),
        (format!("GET /v2/organisations/{OTHER}"), None, 404),
        (
            format!("PATCH /v2/organisations/{OTHER}"),
            Some(json!({ "name": "x" })),
            404,
        ),
        (
            format!("PATCH /v2/tickets/{mine}"),
            Some(json!({ "assignee_id": eve })),
            422,
        ),
        (
            format!("PATCH /v2/tickets/{mine}"),
            Some(json!({ "organisation_slug": OTHER })),
            422,
        ),
        (
            format!("PATCH /v2/tickets/{mine}"),
            Some(json!({ "requester_id": al })),
            422,
        ),
        (
            "POST /v2/comments".to_owned(),
            Some(json!({ "ticket_id": theirs, "body": "x" })),
            422,
        ),
        (
            "POST /v2/memberships".to_owned(),
            Some(json!({ "team_id": team, "user_id": eve })),
            422,
        ),
        (
            format!("PUT /v2/users/{al}/roles"),
            Some(json!({ "roles": ["lead"] })),
            403,
        ),
    ];
    for (request, body, expected) in requests {
        // Who asks for help at this desk may give no roles; everything else the lead tries.
        let token = if expected == 403 { &here } else { &lead };
        let reply = ask(&server, token, &request, body).await;
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, expected, "{request}: {said}");
    }
    for list in [
        format!("GET /v2/tickets?requester_id={eve}"),
        format!("GET /v2/tickets?assignee_id={eve}"),
        format!("GET /v2/comments?ticket_id={theirs}"),
        "GET /v2/users?q=eve".to_owned(),
    ] {
        let found = ask(&server, &lead, &list, None).await.expect(200).json();
        assert_eq!(found["data"], json!([]), "{list}");
    }
    let every = "GET /v2/tickets?limit=100&expand=requester,assignee,team,comments.author";
    let shown = ask(&server, &lead, every, None).await.expect(200);
    let shown = String::from_utf8_lossy(&shown.body).into_owned();
    assert!(shown.contains(LEAD_OF) && !shown.contains(OTHER));
    let unchanged = ask(&server, &there, &format!("GET /v2/tickets/{theirs}"), None).await;
    let unchanged = unchanged.expect(200).json();
    assert_eq!(
        (&unchanged["version"], &unchanged["status"]),
        (&json!(1), &json!("open"))
    );
}

#[tokio::test]
async fn a_body_sets_nothing_that_is_not_its_own_to_set() {
    let server = serve_seeded(example("helpdesk")).await;
    let (al, _) = sign_up(&server, "al", LEAD_OF).await;
    let body = json!({
        "subject": "s", "question": "q", "id": 9999, "version": 7, "status": "solved", "resolution": "r",
        "created_at": "2020-01-01T00:00:00.000Z", "requester_id": "00000000-0000-7000-8000-000000000001",
        "organisation_slug": OTHER, "comment_count": 5, "overdue": true, "deleted_at": null,
    });
    let refused = ask(&server, &al, "POST /v2/tickets", Some(body))
        .await
        .expect(422)
        .json();
    let errors = refused["errors"].as_array().unwrap().iter();
    let mut named: Vec<&str> = errors
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    named.sort_unstable();
    let expected = [
        "/comment_count",
        "/created_at",
        "/deleted_at",
        "/id",
        "/organisation_slug",
        "/overdue",
        "/requester_id",
        "/resolution",
        "/status",
        "/version",
    ];
    assert_eq!(named, expected);
    let body = json!({ "subject": "s", "question": "q", "priority": "urgent" });
    ask(&server, &al, "POST /v2/tickets", Some(body))
        .await
        .expect(403);
}

#[tokio::test]
async fn what_is_internal_stays_so_in_lists_and_in_other_rows() {
    let server = serve_seeded(example("helpdesk")).await;
    let lead = server.token("lead").await;
    let (al, _) = sign_up(&server, "al", LEAD_OF).await;
    let id = ticket(&server, &al).await;
    for internal in [true, false] {
        let body = json!({ "ticket_id": id, "body": "a note", "internal": internal });
        ask(&server, &lead, "POST /v2/comments", Some(body))
            .await
            .expect(201);
    }
    let listed = ask(
        &server,
        &al,
        &format!("GET /v2/comments?ticket_id={id}"),
        None,
    )
    .await;
    let path = format!("GET /v2/tickets/{id}?expand=comments.author");
    let expanded = ask(&server, &al, &path, None).await.expect(200).json();
    for comments in [&listed.json()["data"], &expanded["comments"]] {
        assert_eq!(comments.as_array().unwrap().len(), 1, "{comments}");
        assert_eq!(comments[0]["internal"], false);
    }
    // Who asks may not read who answers.
    assert_eq!(expanded["comments"][0]["author"], Value::Null);
    assert_eq!(expanded["comment_count"], 1);
}
