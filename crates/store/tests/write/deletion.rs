//! What goes with a row that is deleted, and what keeps it.

use crate::database::Kind;
use crate::script::{World, check};

/// One entity for each behaviour; `Whole` is deleted for good, `Hidden` is marked.
const TREE: &str = r#"
archwright: 1
name: tree
roles: { member: { sign-up: open } }
entities:
  User:
    account: email
    fields: { email: "email, unique" }
    allow: { read: owner, delete: owner }
  Whole:
    fields: { owner: "User, owner, on-delete cascade", scan: "file(1MB)?", parts: "Part[], composed" }
    allow: { read: owner, write: owner }
  Part:
    fields: { name: "string(1..9)" }
  Hidden:
    fields: { owner: "User, owner, on-delete cascade", whole: "Whole?, on-delete cascade", code: "string(1..9)?, unique", parts: "Piece[], composed" }
    soft-delete: true
    allow: { read: owner, write: owner }
  Piece:
    fields: { name: "string(1..9)" }
  Strict:
    fields: { owner: "User, owner, on-delete cascade", whole: "Whole?, on-delete restrict", hidden: "Hidden?, on-delete restrict" }
    allow: { read: owner, write: owner }
  Loose:
    fields: { owner: "User, owner, on-delete cascade", whole: "Whole?, on-delete set-null", hidden: "Hidden?, on-delete set-null" }
    allow: { read: owner, write: owner }
  Follower:
    fields: { owner: "User, owner, on-delete cascade", hidden: "Hidden?, on-delete cascade", strict: "Strict?, on-delete cascade" }
    allow: { read: owner, write: owner }
"#;

#[tokio::test]
async fn relations_restrict_unset_and_cascade() {
    let world = check(
        TREE,
        &["ada:member"],
        r#"
        ada: POST /v1/wholes {"parts": [{"name": "a"}]} => 201 as whole
        ada: POST /v1/stricts {"whole_id": "$whole"} => 201 as strict
        ada: POST /v1/looses {"whole_id": "$whole"} => 201 as loose
        ada: POST /v1/hiddens {"whole_id": "$whole"} => 201 as hidden
        ada: POST /v1/followers {"hidden_id": "$hidden", "strict_id": "$strict"} => 201 as follower
        ada: DELETE /v1/wholes/$whole => 409 in-use
        ada: GET /v1/looses/$loose => 200 {"whole_id": "$whole", "version": 1}
        ada: PATCH /v1/stricts/$strict {"whole_id": null} => 200
        ada: DELETE /v1/wholes/$whole => 204
        ada: GET /v1/looses/$loose => 200 {"whole_id": null, "version": 2}
        ada: GET /v1/hiddens/$hidden => 404
        ada: GET /v1/followers/$follower => 404
        ada: GET /v1/stricts/$strict => 200
        "#,
    )
    .await;
    for table in ["wholes", "parts", "hiddens", "followers"] {
        assert_eq!(
            world.query(&format!("SELECT COUNT(*) FROM {table}")),
            ["0"],
            "{table}"
        );
    }
    assert_eq!(
        world.query(
            "SELECT entity FROM audit_entries WHERE operation = 'wholes.delete' ORDER BY entity"
        ),
        ["Follower", "Hidden", "Loose", "Whole"]
    );
}

#[tokio::test]
async fn marking_a_row_does_as_deleting_it() {
    let world = check(
        TREE,
        &["ada:member"],
        r#"
        ada: POST /v1/hiddens {"code": "x", "parts": [{"name": "a"}]} => 201 as hidden
        ada: POST /v1/stricts {"hidden_id": "$hidden"} => 201 as strict
        ada: POST /v1/looses {"hidden_id": "$hidden"} => 201 as loose
        ada: POST /v1/followers {"hidden_id": "$hidden"} => 201 as follower
        ada: DELETE /v1/hiddens/$hidden => 409 in-use
        ada: DELETE /v1/stricts/$strict => 204
        ada: DELETE /v1/hiddens/$hidden [if-match 2] => 412
        ada: DELETE /v1/hiddens/$hidden [if-match 1] => 204
        ada: DELETE /v1/hiddens/$hidden => 404
        ada: GET /v1/looses/$loose => 200 {"hidden_id": null}
        ada: GET /v1/followers/$follower => 404
        ada: POST /v1/looses {"hidden_id": "$hidden"} => 422 /hidden_id not-found
        ada: POST /v1/hiddens {"code": "x"} => 201
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT COUNT(*) FROM hiddens WHERE deleted_at IS NOT NULL"),
        ["1"]
    );
    assert_eq!(world.query("SELECT COUNT(*) FROM pieces"), ["1"]);
}

#[tokio::test]
async fn what_is_marked_goes_with_what_is_deleted() {
    let mut world = check(
        TREE,
        &["ada:member"],
        r#"
        ada: POST /v1/wholes {} => 201 as whole
        ada: POST /v1/hiddens {"whole_id": "$whole", "parts": [{"name": "a"}]} => 201 as hidden
        ada: DELETE /v1/hiddens/$hidden => 204
        ada: DELETE /v1/wholes/$whole => 204
        ada: POST /v1/wholes {} => 201 as whole
        ada: POST /v1/stricts {"whole_id": "$whole"} => 201 as strict
        ada: POST /v1/followers {"strict_id": "$strict"} => 201
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT COUNT(*) FROM hiddens"), ["0"]);
    assert_eq!(world.query("SELECT COUNT(*) FROM pieces"), ["0"]);
    // What restricts goes too, so it does not restrict.
    world.run("ada: DELETE /v1/users/$ada => 204").await;
    for table in [
        "users",
        "wholes",
        "stricts",
        "followers",
        "auth_credentials",
    ] {
        assert_eq!(
            world.query(&format!("SELECT COUNT(*) FROM {table}")),
            ["0"],
            "{table}"
        );
    }
}

const FIRST: &str = "00000000-0000-7000-8000-0000000000f1";
const SECOND: &str = "00000000-0000-7000-8000-0000000000f2";

fn file(world: &World, id: &str) {
    let (hash, at) = match crate::ON {
        Kind::Sqlite => ("x'00'", "0"),
        Kind::Postgres => ("'\\x00'", "'1970-01-01Z'"),
    };
    world.database.execute(&format!(
        "INSERT INTO stored_files VALUES ('{id}', 'path', 'name', 'type', 1, {hash}, {at});
         UPDATE wholes SET scan = '{id}'"
    ));
}

#[tokio::test]
async fn files_are_dropped_with_their_row_and_by_themselves() {
    let mut world = check(
        TREE,
        &["ada:member", "bob:member"],
        "ada: POST /v1/wholes {} => 201 as whole",
    )
    .await;
    file(&world, FIRST);
    let remove = world.filled("ada: DELETE /v1/wholes/$whole/scan");
    world.run("bob: DELETE /v1/wholes/$whole/scan => 404").await;
    let reply = world.answer(&remove).await.unwrap();
    assert_eq!(
        (reply.status, reply.dropped_files),
        (204, vec![FIRST.to_owned()])
    );
    let again = world.answer(&remove).await.unwrap();
    assert_eq!((again.status, again.dropped_files), (204, Vec::new()));
    world
        .run(r#"ada: GET /v1/wholes/$whole => 200 {"scan": null, "version": 2}"#)
        .await;
    file(&world, SECOND);
    let delete = world.filled("ada: DELETE /v1/wholes/$whole");
    let reply = world.answer(&delete).await.unwrap();
    assert_eq!(
        (reply.status, reply.dropped_files),
        (204, vec![SECOND.to_owned()])
    );
    assert_eq!(world.query("SELECT COUNT(*) FROM stored_files"), ["0"]);
}
