//! Uploads and downloads.

use crate::common::{Ask, Reply, Running, example, plan, serve_with};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

/// Of `picture`.
const LIMIT: usize = 5 << 20;

/// A server with its folder, and somebody who has signed up.
struct World {
    server: Running,
    folder: tempfile::TempDir,
    token: String,
    user: String,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let server = on_disk(&folder, "first").await;
    world_of(server, folder).await
}

/// With a database of this name in the folder.
async fn on_disk(folder: &tempfile::TempDir, name: &str) -> Running {
    let data_dir = folder.path().to_owned();
    let database = format!("sqlite://{}/{name}.sqlite", data_dir.display());
    serve_with(example("profile"), |options| {
        options.data_dir = data_dir;
        options.database_url = database;
    })
    .await
}

async fn world_of(server: Running, folder: tempfile::TempDir) -> World {
    world_with("ada", server, folder).await
}

/// With somebody of this name who signs up.
async fn world_with(name: &str, server: Running, folder: tempfile::TempDir) -> World {
    let body = json!({
        "email": format!("{name}@example.com"), "username": name, "given_name": "A", "family_name": "B",
        "password": "correct horse battery",
    });
    let reply = server.post("/v1/auth/sign-up", body).send().await;
    let session = reply.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    World {
        token: text(&session["access_token"]),
        user: format!("/v1/users/{}", text(&session["account"]["id"])),
        server,
        folder,
    }
}

impl World {
    fn picture(&self, method: &str) -> Ask {
        let path = format!("{}/picture", self.user);
        self.server.ask(method, &path).token(&self.token)
    }

    fn put(&self, media_type: &str, bytes: &[u8]) -> Ask {
        self.picture("PUT")
            .header("content-type", media_type)
            .body(bytes.to_vec())
    }

    fn form(&self, body: Vec<u8>) -> Ask {
        self.put("multipart/form-data; boundary=frame", &body)
    }

    async fn shown(&self) -> Value {
        let asked = self.server.get(&self.user).token(&self.token);
        asked.send().await.expect(200).json()["picture"].take()
    }

    async fn uploaded(&self, media_type: &str, bytes: &[u8]) -> String {
        let reply = self.put(media_type, bytes).send().await.expect(200);
        reply.json()["picture"]["url"].as_str().unwrap().to_owned()
    }

    async fn download(&self, url: &str) -> Reply {
        self.server.get(url).send().await
    }

    /// All files with their bytes, those that came in apart from those that stay.
    fn on_disk(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.folder.path().join("files"), &mut found);
        found
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => walk(&path, found),
            // Not a file of anybody's: whose the folder is.
            false if path.ends_with("database") => {}
            false => found.push(path),
        }
    }
}

fn part(name: &str, file_name: &str, media_type: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--frame\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [&parts.concat()[..], b"--frame--\r\n"].concat()
}

#[tokio::test]
async fn a_picture_is_uploaded_shown_replaced_and_removed() {
    let world = world().await;
    assert_eq!(world.shown().await, Value::Null);
    let url = world.uploaded("image/png", PNG).await;
    let shown = world.shown().await;
    let expected =
        json!({ "url": url, "name": "picture.png", "type": "image/png", "size": PNG.len() });
    assert_eq!(shown, expected);
    let reply = world.download(&url).await.expect(200);
    assert_eq!(reply.body, PNG);
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-disposition", "inline; filename=\"picture.png\""),
        ("content-length", "29"),
        ("x-content-type-options", "nosniff"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
        ("cross-origin-resource-policy", "cross-origin"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(
        reply
            .header("cache-control")
            .starts_with("private, max-age=")
    );

    let body = form(&[part("file", "../Ünder.jpg", "text/html", JPEG)]);
    let replaced = world.form(body).send().await.expect(200).json();
    assert_eq!(replaced["picture"]["name"], "Ünder.jpg");
    assert_eq!(replaced["picture"]["type"], "image/jpeg");
    world.download(&url).await.expect(404);
    let url = replaced["picture"]["url"].as_str().unwrap();
    let reply = world.download(url).await.expect(200);
    assert_eq!(reply.body, JPEG);
    let disposition = "inline; filename=\"_nder.jpg\"; filename*=UTF-8''%C3%9Cnder.jpg";
    assert_eq!(reply.header("content-disposition"), disposition);
    assert_eq!(world.on_disk().len(), 1);

    world.picture("DELETE").send().await.expect(204);
    assert_eq!(world.shown().await, Value::Null);
    world.download(url).await.expect(404);
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for() {
    let world = world().await;
    let url = world.uploaded("image/png", PNG).await;
    let tag = world.download(&url).await.header("etag").to_owned();
    let ask = |name: &str, value: &str| world.server.get(&url).header(name, value);
    let part = ask("range", "bytes=1-3").send().await.expect(206);
    assert_eq!(part.body, &PNG[1..4]);
    assert_eq!(part.header("content-range"), "bytes 1-3/29");
    assert_eq!(part.header("content-length"), "3");
    let end = ask("range", "bytes=-4").send().await.expect(206);
    assert_eq!(end.body, &PNG[25..]);
    let behind = ask("range", "bytes=29-").send().await.expect(416);
    assert_eq!(behind.header("content-range"), "bytes */29");
    let several = ask("range", "bytes=0-1,3-4").send().await.expect(200);
    assert_eq!(several.body, PNG);
    let other = ask("range", "bytes=0-1").header("if-range", "\"other\"");
    assert_eq!(other.send().await.expect(200).body, PNG);
    let unchanged = ask("if-none-match", &tag).send().await.expect(304);
    assert!(unchanged.body.is_empty());
    let head = world.server.ask("HEAD", &url).send().await.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("29", 0));
}

#[tokio::test]
async fn a_link_that_was_not_made_here_finds_nothing() {
    let world = world().await;
    let url = world.uploaded("image/png", PNG).await;
    let (path, token) = url.rsplit_once('/').unwrap();
    let mut tampered = token.to_owned();
    tampered.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    let id = world.on_disk()[0]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    for bad in [
        tampered.as_str(),
        &token[1..],
        "x",
        "..%2f..%2fdatabase.sqlite",
        "%2e%2e",
        id.as_str(),
    ] {
        let reply = world.download(&format!("{path}/{bad}")).await.expect(404);
        assert_eq!(reply.json()["code"], "not-found", "{bad}");
    }
    world.download(&url).await.expect(200);
}

#[tokio::test]
async fn bytes_have_to_be_of_an_accepted_type() {
    let world = world().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let html = b"<!doctype html><script>alert(1)</script>";
    for (media_type, bytes) in [
        ("image/png", &html[..]),
        ("image/png", &svg[..]),
        ("image/svg+xml", &svg[..]),
        ("text/html", &html[..]),
        ("image/gif", b"GIF89a\x01\0\x01\0"),
        ("image/png", b"GIF89a\x01\0\x01\0"),
        ("application/octet-stream", b"MZ\x90\0\x03\0\0\0"),
        ("application/json", b"{}"),
        ("nonsense", PNG),
    ] {
        let reply = world.put(media_type, bytes).send().await.expect(415);
        assert_eq!(
            reply.json()["code"],
            "unsupported-media-type",
            "{media_type}"
        );
    }
    let encoded = world
        .put("image/png", PNG)
        .header("content-encoding", "gzip");
    encoded.send().await.expect(415);
    world.put("image/png", b"").send().await.expect(422);
    assert_eq!(world.shown().await, Value::Null);
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
    // Another accepted type than the client says, and none at all: the bytes decide.
    world.put("image/png", JPEG).send().await.expect(200);
    assert_eq!(world.shown().await["type"], "image/jpeg");
    world
        .put("application/octet-stream", PNG)
        .send()
        .await
        .expect(200);
    world.picture("PUT").body(PNG).send().await.expect(200);
    assert_eq!(world.shown().await["type"], "image/png");
}

#[tokio::test]
async fn a_file_that_is_too_large_leaves_nothing() {
    let world = world().await;
    let mut bytes = PNG.to_vec();
    bytes.resize(LIMIT + 1, 7);
    let reply = world.put("image/png", &bytes).send().await.expect(413);
    assert_eq!(reply.json()["code"], "too-large");
    let body = form(&[part("file", "a.png", "image/png", &bytes)]);
    world.form(body).send().await.expect(413);
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
    bytes.truncate(LIMIT);
    world.put("image/png", &bytes).send().await.expect(200);
    assert_eq!(world.shown().await["size"], LIMIT);
    let body = form(&[part("file", "a.png", "image/png", &bytes)]);
    world.form(body).send().await.expect(200);
    assert_eq!(world.on_disk().len(), 1);
}

#[tokio::test]
async fn a_form_has_one_part() {
    let world = world().await;
    let file = || part("file", "a.png", "image/png", PNG);
    let other = || part("other", "b.png", "image/png", PNG);
    for parts in [
        vec![],
        vec![other()],
        vec![other(), file()],
        vec![file(), other()],
        vec![file(), file()],
    ] {
        let reply = world.form(form(&parts)).send().await.expect(422);
        assert_eq!(reply.json()["errors"][0]["pointer"], "/file");
    }
    for broken in [&b""[..], b"nonsense", b"--frame", b"--frame\r\n", &file()] {
        world.form(broken.to_vec()).send().await.expect(400);
    }
    let unframed = world.put("multipart/form-data", &form(&[file()]));
    unframed.send().await.expect(400);
    // A frame without end is not kept in memory, and not taken for long.
    let mut endless = b"--frame\r\nContent-Disposition: form-data; ".to_vec();
    endless.resize(4_000_000, b'x');
    world.form(endless).send().await.expect(400);
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
    world.form(form(&[file()])).send().await.expect(200);
}

#[tokio::test]
async fn who_may_not_change_a_row_may_not_upload_to_it() {
    let world = world().await;
    let anonymous = |bytes: &[u8]| {
        let path = format!("{}/picture", world.user);
        let ask = world.server.ask("PUT", &path);
        ask.header("content-type", "image/png").body(bytes.to_vec())
    };
    anonymous(PNG).send().await.expect(401);
    let body = json!({
        "email": "bob@example.com", "username": "bob", "given_name": "A", "family_name": "B",
        "password": "correct horse battery",
    });
    let bob = world
        .server
        .post("/v1/auth/sign-up", body)
        .send()
        .await
        .expect(201)
        .json();
    let bob = bob["access_token"].as_str().unwrap();
    // What is wrong with the file is told to those only who may upload one.
    anonymous(b"nonsense").token(bob).send().await.expect(403);
    assert_eq!(world.on_disk(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn files_are_for_the_owner_of_the_server_alone() {
    let world = world().await;
    world.uploaded("image/png", PNG).await;
    let path = &world.on_disk()[0];
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(uuid::Uuid::try_parse(name).is_ok(), "{name}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_folder_of_files_is_not_followed() {
    let world = world().await;
    let url = world.uploaded("image/png", PNG).await;
    let path = world.on_disk()[0].clone();
    let secret = world.folder.path().join("secret");
    std::fs::write(&secret, "the secrets of others").unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&secret, &path).unwrap();
    world.download(&url).await.expect(404);
}

#[tokio::test]
async fn texts_are_shown_and_what_could_run_is_only_saved() {
    let design = "
archwright: 1
name: notes
roles:
  member: { sign-up: open }
entities:
  Person:
    account: email
    fields:
      email: email, unique
      paper: file(1MB)?
    allow: { get: owner, update: owner }
";
    let server = serve_with(plan(design), |_| {}).await;
    let body = json!({ "email": "ada@example.com", "password": "correct horse battery" });
    let session = server
        .post("/v1/auth/sign-up", body)
        .send()
        .await
        .expect(201)
        .json();
    let token = session["access_token"].as_str().unwrap();
    let path = format!(
        "/v1/people/{}/paper",
        session["account"]["id"].as_str().unwrap()
    );
    for (said, bytes, media_type, how) in [
        ("text/plain", "hello", "text/plain; charset=utf-8", "inline"),
        ("text/csv", "a,b", "text/csv; charset=utf-8", "attachment"),
        (
            "image/svg+xml",
            "<svg onload='x()'/>",
            "image/svg+xml",
            "attachment",
        ),
        (
            "text/plain",
            "<html><script>",
            "text/html; charset=utf-8",
            "attachment",
        ),
        ("text/html", "hello", "text/plain; charset=utf-8", "inline"),
        ("image/png", "%PDF-1.4", "application/pdf", "attachment"),
        ("x/y", "\u{1}", "application/octet-stream", "attachment"),
    ] {
        let ask = server.ask("PUT", &path).token(token);
        let ask = ask.header("content-type", said).body(bytes);
        let shown = ask.send().await.expect(200).json();
        let url = shown["paper"]["url"].as_str().unwrap();
        let reply = server.get(url).send().await.expect(200);
        assert_eq!(reply.header("content-type"), media_type, "{bytes}");
        let disposition = reply.header("content-disposition");
        assert!(disposition.starts_with(how), "{bytes}: {disposition}");
        assert!(reply.header("content-security-policy").contains("sandbox"));
    }
}

#[tokio::test]
async fn what_uploads_left_behind_is_deleted_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = on_disk(&folder, "only").await;
    first.stop().await.unwrap();
    let mut folders = std::fs::read_dir(folder.path().join("files")).unwrap();
    let files = folders.next().unwrap().unwrap().path();
    let put = |path: &str, hours: u64| {
        let path = files.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = std::fs::File::create(&path).unwrap();
        let age = std::time::Duration::from_secs(hours * 3600);
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
        path
    };
    let left = [
        put("cd/ab/00000000-0000-7000-8000-00000000abcd", 2),
        put("incoming/.tmpabcdef", 2),
    ];
    let kept = [
        put("cd/ab/00000000-0000-7000-8000-00000001abcd", 0),
        put("incoming/.tmpghijkl", 0),
        put("cd/ab/notes.txt", 2),
    ];
    let _server = on_disk(&folder, "only").await;
    while left.iter().any(|path| path.exists()) {
        tokio::task::yield_now().await;
    }
    assert!(kept.iter().all(|path| path.exists()));
}

#[tokio::test]
async fn each_database_has_a_folder_of_its_own() {
    let mut world = world().await;
    world.uploaded("image/png", PNG).await;
    let second = on_disk(&world.folder, "second").await;
    let first = std::mem::replace(&mut world.server, second);
    let folder = std::mem::replace(&mut world.folder, tempfile::tempdir().unwrap());
    let world = world_of(world.server, folder).await;
    world.uploaded("image/png", PNG).await;
    let found = world.on_disk();
    let owner = |path: &PathBuf| {
        let files = world.folder.path().join("files");
        let own = path.strip_prefix(files).unwrap().components().next();
        own.unwrap().as_os_str().to_owned()
    };
    assert_eq!(found.len(), 2);
    assert_ne!(owner(&found[0]), owner(&found[1]));
    drop(first);
}

#[tokio::test]
async fn a_copy_of_a_database_deletes_no_file_of_the_original() {
    let World {
        mut server, folder, ..
    } = world().await;
    server.stop().await.unwrap();
    let database = |name: &str| folder.path().join(format!("{name}.sqlite"));
    std::fs::copy(database("first"), database("copy")).unwrap();
    let folders = || {
        let folders = std::fs::read_dir(folder.path().join("files")).unwrap();
        let mut paths: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    // The copy knows nothing of what the original gets from now on.
    let copied = tempfile::tempdir().unwrap();
    let server = on_disk(&folder, "first").await;
    let mut original = world_with("bob", server, copied).await;
    original.uploaded("image/png", PNG).await;
    original.server.stop().await.unwrap();
    let mut server = on_disk(&folder, "copy").await;
    server.stop().await.unwrap();
    let [theirs, own] = &folders()[..] else {
        panic!("{:?}", folders());
    };
    // Something to sweep in the folder of each; when the second is gone, the sweep is done.
    let left = own.join("cd/ab/00000000-0000-7000-8000-00000000abcd");
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, "left").unwrap();
    let mut files = vec![left.clone()];
    walk(theirs, &mut files);
    assert_eq!(files.len(), 2);
    for file in &files {
        let age = std::time::Duration::from_secs(2 * 3600);
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    }
    let server = on_disk(&folder, "copy").await;
    while left.exists() {
        tokio::task::yield_now().await;
    }
    assert!(files[1].exists());
    // What the copy gets itself is there, and goes.
    let mut copy = world_with("cyd", server, tempfile::tempdir().unwrap()).await;
    let link = copy.uploaded("image/jpeg", JPEG).await;
    assert_eq!(copy.download(&link).await.expect(200).body, JPEG);
    copy.picture("DELETE").send().await.expect(204);
    let mut left = Vec::new();
    walk(&folder.path().join("files"), &mut left);
    assert_eq!(left, files[1..]);
    copy.server.stop().await.unwrap();
    // The original has its own folder still.
    let server = on_disk(&folder, "first").await;
    assert_eq!(folders().len(), 2);
    drop(server);
}

#[tokio::test]
async fn a_copy_of_a_database_shows_the_files_that_it_was_copied_with_and_leaves_them() {
    let mut world = world().await;
    world.uploaded("image/png", PNG).await;
    world.server.stop().await.unwrap();
    let database = |name: &str| world.folder.path().join(format!("{name}.sqlite"));
    std::fs::copy(database("first"), database("copy")).unwrap();
    world.server = on_disk(&world.folder, "copy").await;
    let body = json!({ "email": "ada@example.com", "password": "correct horse battery" });
    let session = world.server.post("/v1/auth/sign-in", body).send().await;
    let session = session.expect(200).json();
    world.token = session["access_token"].as_str().unwrap().to_owned();
    let shown = world.shown().await;
    let reply = world.download(shown["url"].as_str().unwrap()).await;
    assert_eq!(reply.expect(200).body, PNG);
    world.picture("DELETE").send().await.expect(204);
    assert_eq!(world.on_disk().len(), 1);
}
