//! Builds that fail, crash and are crashed again at every single thing that they do to the disk.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't use its folder has failed"
)]

use super::*;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

/// Path, text and mode of every file, and the folders.
type Tree = BTreeMap<String, Option<(String, u32)>>;

fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let place = entry.unwrap().path();
            let path = place
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path == LOCK || path == FOLDER {
                continue;
            }
            let metadata = fs::symlink_metadata(&place).unwrap();
            if metadata.is_dir() {
                tree.insert(path, None);
                open.push(place);
            } else {
                let text = fs::read_to_string(&place).unwrap();
                tree.insert(path, Some((text, metadata.permissions().mode() & 0o777)));
            }
        }
    }
    tree
}

/// `changed`, `private` and `gone/only` are ours, `team` is not.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("gone")).unwrap();
    for path in ["changed", "private", "gone/only", "team"] {
        fs::write(root.join(path), format!("old {path}\n")).unwrap();
    }
    fs::set_permissions(root.join("private"), fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

fn change(path: &str, before: Option<&str>, after: Option<&str>) -> Change {
    let content = |text: &str| Content {
        text: text.to_owned(),
        executable: path.ends_with(".sh"),
        precious: path == "changed",
    };
    Change {
        path: path.to_owned(),
        before: before.map(Hash::of),
        after: after.map(content),
    }
}

fn changes() -> Vec<Change> {
    vec![
        change(".archwright-build/base/x", None, Some("base\n")),
        change("changed", Some("old changed\n"), Some("new changed\n")),
        change("gone/only", Some("old gone/only\n"), None),
        change("deep/er/run.sh", None, Some("new run\n")),
        change("private", Some("old private\n"), Some("new private\n")),
        change("deep/other", None, Some("new other\n")),
    ]
}

/// Lets so many things be done, and no more.
fn after(mut left: usize) -> impl FnMut() -> io::Result<()> {
    move || match left {
        0 => Err(io::Error::other("it broke here")),
        _ => {
            left -= 1;
            Ok(())
        }
    }
}

/// How many things a whole build does to the disk.
fn steps() -> usize {
    let folder = project();
    let mut count = 0;
    let session = Session::begin(folder.path()).unwrap();
    let counted = &mut || {
        count += 1;
        Ok(())
    };
    session.apply_with(&changes(), counted).unwrap();
    assert!(count > 15, "{count}");
    count
}

fn applied() -> Tree {
    let folder = project();
    Session::begin(folder.path())
        .unwrap()
        .apply(&changes(), &|_| {})
        .unwrap();
    tree(folder.path())
}

/// As a process that ends there, without taking anything back.
fn crash(root: &Path, step: usize) -> Result<()> {
    let _session = Session::begin(root).unwrap();
    apply(
        &mut Disk {
            root,
            before: &mut after(step),
        },
        &changes(),
    )
}

#[test]
fn all_changes_happen() {
    let tree = applied();
    let text = |path: &str| tree.get(path).cloned().flatten();
    assert_eq!(text("changed"), Some(("new changed\n".to_owned(), 0o644)));
    assert_eq!(
        text("private"),
        Some(("new private\n".to_owned(), 0o600)),
        "its mode stays"
    );
    assert_eq!(
        text("deep/er/run.sh"),
        Some(("new run\n".to_owned(), 0o755))
    );
    assert_eq!(text("team"), Some(("old team\n".to_owned(), 0o644)));
    assert!(
        !tree.contains_key("gone"),
        "an empty folder goes with its last file"
    );
    assert!(
        !tree.keys().any(|path| path.starts_with(STAGED)),
        "{tree:?}"
    );
}

#[test]
fn a_build_tells_how_far_it_is() {
    let (folder, told) = (project(), std::cell::RefCell::new(Vec::new()));
    let session = Session::begin(folder.path()).unwrap();
    let tell = |percent| told.borrow_mut().push(percent);
    session.apply(&changes(), &tell).unwrap();
    let told = told.into_inner();
    assert!(told.len() > 5 && told.is_sorted(), "{told:?}");
    assert!(told.iter().all(|percent| *percent < 100), "{told:?}");
}

#[test]
fn a_build_that_fails_anywhere_changes_nothing() {
    let before = tree(project().path());
    for step in 0..steps() - 1 {
        let folder = project();
        let session = Session::begin(folder.path()).unwrap();
        let error = session
            .apply_with(&changes(), &mut after(step))
            .unwrap_err();
        assert!(
            format!("{error:#}").contains("nothing was written"),
            "{error:#}"
        );
        assert_eq!(tree(folder.path()), before, "step {step}");
    }
}

#[test]
fn a_build_that_crashes_anywhere_is_taken_back_by_the_next_one() {
    let (before, after) = (tree(project().path()), applied());
    for step in 0..steps() {
        let folder = project();
        let is_done = crash(folder.path(), step).is_ok();
        // The last thing is to clear away what was staged; it has happened before.
        assert_eq!(is_done, step == steps() - 1, "step {step}");
        let session = Session::begin(folder.path()).unwrap();
        let expected = if is_done { &after } else { &before };
        assert_eq!(tree(folder.path()), *expected, "step {step}");
        if !is_done {
            session.apply(&changes(), &|_| {}).unwrap();
            assert_eq!(tree(folder.path()), after, "step {step}");
        }
    }
}

#[test]
fn taking_back_may_crash_too() {
    let before = tree(project().path());
    for step in 0..steps() - 1 {
        for again in 0.. {
            let folder = project();
            let root = folder.path();
            crash(root, step).unwrap_err();
            let undone = recover(&mut Disk {
                root,
                before: &mut after(again),
            });
            Session::begin(root).unwrap();
            assert_eq!(tree(root), before, "step {step}, then {again}");
            if undone.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn what_a_person_writes_between_a_crash_and_the_next_build_stays() {
    for step in 0..steps() - 1 {
        let folder = project();
        let root = folder.path();
        crash(root, step).unwrap_err();
        for path in ["changed", "deep/other", "gone/only", "mine"] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "of a person\n").unwrap();
        }
        let session = Session::begin(root).unwrap();
        let tree = tree(root);
        for path in ["changed", "deep/other", "gone/only", "mine"] {
            let text = tree[path].as_ref().map(|(text, _)| &text[..]);
            assert_eq!(text, Some("of a person\n"), "step {step}: {path}");
        }
        drop(session);
        assert!(!is_unfinished(root));
    }
}

#[test]
fn a_file_with_the_very_text_that_was_still_staged_is_a_persons() {
    let mut tried = 0;
    for step in 0..steps() - 1 {
        let folder = project();
        let root = folder.path();
        crash(root, step).unwrap_err();
        if root.join(STAGED).join("new/5").exists() {
            fs::create_dir_all(root.join("deep")).unwrap();
            fs::write(root.join("deep/other"), "new other\n").unwrap();
            Session::begin(root).unwrap();
            assert!(root.join("deep/other").exists(), "step {step}");
            tried += 1;
        }
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn a_file_that_changes_while_the_build_is_at_work_stays_as_it_is() {
    let folder = project();
    let root = folder.path();
    fs::write(root.join("private"), "saved just now\n").unwrap();
    let before = tree(root);
    let error = Session::begin(root)
        .unwrap()
        .apply(&changes(), &|_| {})
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("private was changed while"),
        "{error:#}"
    );
    assert_eq!(tree(root), before);
}

#[test]
fn a_file_that_appears_while_the_build_is_at_work_stays_as_it_is() {
    let folder = project();
    let root = folder.path();
    fs::create_dir(root.join("deep")).unwrap();
    fs::write(root.join("deep/other"), "saved just now\n").unwrap();
    let before = tree(root);
    let error = Session::begin(root)
        .unwrap()
        .apply(&changes(), &|_| {})
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("deep/other was made while"),
        "{error:#}"
    );
    assert_eq!(tree(root), before);
}

#[test]
fn nothing_is_written_through_a_link() {
    let (folder, elsewhere) = (project(), tempfile::tempdir().unwrap());
    let root = folder.path();
    std::os::unix::fs::symlink(elsewhere.path(), root.join("deep")).unwrap();
    let error = Session::begin(root)
        .unwrap()
        .apply(&changes(), &|_| {})
        .unwrap_err();
    assert!(
        format!("{error:#}").contains("the link `deep` is in the way"),
        "{error:#}"
    );
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert_eq!(
        fs::read_to_string(root.join("changed")).unwrap(),
        "old changed\n"
    );
    let linked = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), linked.path().join(FOLDER)).unwrap();
    assert!(Session::begin(linked.path()).is_err());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_journal_that_leads_out_of_the_folder_is_refused() {
    let folder = project();
    let root = folder.path().join("gone");
    fs::create_dir_all(root.join(STAGED).join("old")).unwrap();
    fs::write(root.join(STAGED).join("old/0"), "of a stranger\n").unwrap();
    fs::write(
        root.join(JOURNAL),
        r#"{"made":[],"steps":[["../new",true,null]]}"#,
    )
    .unwrap();
    assert!(Session::begin(&root).is_err());
    assert!(!folder.path().join("new").exists());
}

#[test]
fn one_build_is_at_work_at_a_time() {
    let folder = project();
    let first = Session::begin(folder.path()).unwrap();
    let second = Session::begin(folder.path()).err().unwrap();
    assert!(
        format!("{second:#}").contains("another build is at work"),
        "{second:#}"
    );
    drop(first);
    assert!(Session::begin(folder.path()).is_ok());
}

#[test]
fn a_folder_that_was_made_for_nothing_goes_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new");
    let session = Session::begin(&root).unwrap();
    let made = [change("a/b", None, Some("text\n"))];
    session.apply_with(&made, &mut after(6)).unwrap_err();
    drop(session);
    assert!(!root.exists());
    Session::begin(&root)
        .unwrap()
        .apply(&made, &|_| {})
        .unwrap();
    assert!(root.join("a/b").exists());
}
