//! Records of files, set and dropped with the rows that have them.

use crate::script::{World, outcome};
use archwright_store::{Failure, Reply, StoredFile};

const ALBUM: &str = "
archwright: 1
name: album
roles:
  member: { sign-up: open }
entities:
  Person:
    account: email
    fields:
      email: email, unique
    allow: { get: owner }
  Photo:
    soft-delete: true
    fields:
      owner: Person, owner
      image: file(1MB, image/png)?
    allow: { read: owner, create: member, update: owner, delete: owner }
  Scan:
    fields:
      owner: Person, owner
      photo: Photo?, on-delete cascade
      image: file(1MB)?
    allow: { read: anyone, create: member, update: owner, delete: owner }
";

fn file(number: u32) -> StoredFile {
    StoredFile {
        id: format!("00000000-0000-7000-a000-{number:012}"),
        path: format!("00/00/{number}"),
        name: "photo.png".to_owned(),
        media_type: "image/png".to_owned(),
        size: 4,
        sha256: [7; 32],
    }
}

async fn upload(world: &World, who: &str, path: &str, number: u32) -> Result<Reply, Failure> {
    let (call, _) = world.call(&world.filled(&format!("PUT {path}")));
    world
        .store
        .upload(call, file(number), world.context(who))
        .await
}

fn may_upload(world: &World, who: &str, path: &str) -> Result<(), Failure> {
    let (call, _) = world.call(&world.filled(&format!("PUT {path}")));
    world.store.may_upload(&call, &world.context(who))
}

async fn album() -> World {
    let mut world = World::new(ALBUM, &["ada:member", "bob:member"]).await;
    world
        .run(
            "
            ada: POST /v1/photos {} => 201 {\"image\": null, \"version\": 1} as photo
            ada: POST /v1/scans {} => 201 as scan
            ",
        )
        .await;
    world
}

#[tokio::test]
async fn an_upload_sets_the_file_and_drops_the_one_before() {
    let mut world = album().await;
    let first = upload(&world, "ada", "/v1/photos/$photo/image", 1).await;
    let first = first.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&first.body.unwrap()).unwrap();
    let shown = serde_json::json!({
        "url": "/files/00000000-0000-7000-a000-000000000001", "name": "photo.png",
        "type": "image/png", "size": 4,
    });
    assert_eq!(body["image"], shown);
    assert_eq!(body["version"], 2);
    assert!(first.dropped_files.is_empty());
    assert_eq!(world.store.file(&file(1).id).unwrap(), Some(file(1)));
    let second = upload(&world, "ada", "/v1/photos/$photo/image", 2).await;
    assert_eq!(second.unwrap().dropped_files, [file(1).id]);
    assert_eq!(world.store.file(&file(1).id).unwrap(), None);
    assert_eq!(world.store.file(&file(2).id).unwrap(), Some(file(2)));
    world
        .run("ada: DELETE /v1/photos/$photo/image => 204")
        .await;
    assert_eq!(world.store.file(&file(2).id).unwrap(), None);
    assert_eq!(world.query("SELECT COUNT(*) FROM stored_files"), ["0"]);
}

#[tokio::test]
async fn who_may_not_write_the_row_may_not_upload() {
    let world = album().await;
    for (who, path, expected) in [
        ("nobody", "/v1/photos/$photo/image", "401"),
        ("bob", "/v1/photos/$photo/image", "404"),
        ("bob", "/v1/scans/$scan/image", "403"),
        (
            "ada",
            "/v1/photos/00000000-0000-7000-8000-00000000dead/image",
            "404",
        ),
        ("ada", "/v1/photos/nonsense/image", "400 id format"),
    ] {
        let before = may_upload(&world, who, path).unwrap_err();
        assert_eq!(outcome(&before), expected, "{who} {path}");
        let after = upload(&world, who, path, 1).await.unwrap_err();
        assert_eq!(outcome(&after), expected, "{who} {path}");
    }
    may_upload(&world, "ada", "/v1/photos/$photo/image").unwrap();
    assert_eq!(world.query("SELECT COUNT(*) FROM stored_files"), ["0"]);
}

#[tokio::test]
async fn a_deleted_row_gives_no_file() {
    let mut world = album().await;
    upload(&world, "ada", "/v1/photos/$photo/image", 1)
        .await
        .unwrap();
    upload(&world, "ada", "/v1/scans/$scan/image", 2)
        .await
        .unwrap();
    // A row that is only marked keeps its file, but shows it to nobody.
    world.run("ada: DELETE /v1/photos/$photo => 204").await;
    assert_eq!(world.store.file(&file(1).id).unwrap(), None);
    assert_eq!(world.query("SELECT COUNT(*) FROM stored_files"), ["2"]);
    let (call, _) = world.call(&world.filled("DELETE /v1/scans/$scan"));
    let reply = world.store.write(call, world.context("ada")).await.unwrap();
    assert_eq!(reply.dropped_files, [file(2).id]);
    assert_eq!(world.query("SELECT COUNT(*) FROM stored_files"), ["1"]);
}

#[tokio::test]
async fn bytes_without_a_record_are_found() {
    let world = album().await;
    upload(&world, "ada", "/v1/scans/$scan/image", 1)
        .await
        .unwrap();
    let ids = [file(1).id, file(2).id, file(3).id];
    let found = world.store.unrecorded_files(&ids).unwrap();
    assert_eq!(found, [file(2).id, file(3).id]);
}
