//! What becomes of each file: who changed it, what the design has for it now, and what is done.

mod common;

use archwright_project::{BASES, Hash, MANIFEST, Manifest, beside};
use common::{Disk, generated, once, said, script};

const A: &str = "1\n2\n3\n4\n5\n";
const B: &str = "1\n2\n3\n4\n5\nnew\n";
const EDITED: &str = "team\n1\n2\n3\n4\n5\n";
const BOTH: &str = "team\n1\n2\n3\n4\n5\nnew\n";
const OTHER_END: &str = "1\n2\n3\n4\n5\nteam's\n";

/// A project of one file `app.py` with the text `A`, built.
fn built() -> Disk {
    let mut disk = Disk::default();
    disk.build(&[generated("app.py", A)]);
    disk
}

/// Builds, checks what is said and what stands in `app.py` then; a second build has nothing to do.
#[track_caller]
fn check(disk: &mut Disk, text: Option<&str>, expected: &str, then: Option<&str>) {
    let files: Vec<_> = text
        .map(|text| generated("app.py", text))
        .into_iter()
        .collect();
    let decided = disk.build(&files);
    let said = said(&decided);
    let said: Vec<String> = said
        .into_iter()
        .map(|(path, name)| format!("{path} {name}"))
        .collect();
    assert_eq!(said.join(", "), expected);
    assert_eq!(disk.text("app.py"), then);
    let again = disk.decide(&files);
    assert_eq!(again.changes, [], "a second build has nothing to write");
    assert_eq!(again.matches(), !again.has_conflicts());
}

#[test]
fn a_new_file_is_written_and_then_the_same() {
    let mut disk = Disk::default();
    check(&mut disk, Some(A), "app.py new", Some(A));
    check(&mut disk, Some(A), "", Some(A));
}

#[test]
fn an_untouched_file_is_replaced() {
    check(&mut built(), Some(B), "app.py changed", Some(B));
}

#[test]
fn an_edited_file_stays_while_the_design_has_nothing_new_for_it() {
    let mut disk = built();
    disk.put("app.py", EDITED);
    check(&mut disk, Some(A), "app.py kept", Some(EDITED));
}

#[test]
fn an_edited_file_is_merged_where_the_design_changed_other_lines() {
    let mut disk = built();
    disk.put("app.py", EDITED);
    check(&mut disk, Some(B), "app.py merged", Some(BOTH));
    check(&mut disk, Some(B), "app.py kept", Some(BOTH));
    check(&mut disk, Some(A), "app.py merged", Some(EDITED));
}

#[test]
fn a_file_that_has_all_of_the_design_already_is_kept() {
    let mut disk = built();
    disk.put("app.py", BOTH);
    check(&mut disk, Some(B), "app.py kept", Some(BOTH));
}

#[test]
fn a_file_that_the_team_brought_up_to_date_itself_is_the_same() {
    let mut disk = built();
    disk.put("app.py", B);
    check(&mut disk, Some(B), "", Some(B));
    check(&mut disk, Some(A), "app.py changed", Some(A));
}

#[test]
fn changes_in_the_same_lines_stay_the_teams_until_somebody_has_seen_them() {
    let mut disk = built();
    disk.put("app.py", OTHER_END);
    check(
        &mut disk,
        Some(B),
        "app.py conflict: edited",
        Some(OTHER_END),
    );
    let marked = disk
        .text(&beside("app.py"))
        .expect("it is put aside")
        .to_owned();
    assert!(
        marked.contains("team's\n") && marked.contains("new\n"),
        "{marked}"
    );
    check(
        &mut disk,
        Some(B),
        "app.py conflict: edited",
        Some(OTHER_END),
    );
    disk.remove(&beside("app.py"));
    check(&mut disk, Some(B), "app.py kept", Some(OTHER_END));
    let c = B.replace('1', "one");
    check(
        &mut disk,
        Some(&c),
        "app.py merged",
        Some(&OTHER_END.replace('1', "one")),
    );
}

#[test]
fn a_conflict_that_is_moved_over_its_file_is_settled() {
    let mut disk = built();
    disk.put("app.py", OTHER_END);
    check(
        &mut disk,
        Some(B),
        "app.py conflict: edited",
        Some(OTHER_END),
    );
    let settled = format!("{OTHER_END}new\n");
    disk.put(&beside("app.py"), &settled);
    check(
        &mut disk,
        Some(B),
        "app.py conflict: unfinished",
        Some(OTHER_END),
    );
    check(
        &mut disk,
        Some(A),
        "app.py conflict: unfinished",
        Some(OTHER_END),
    );
    disk.rename(&beside("app.py"), "app.py");
    check(&mut disk, Some(B), "app.py kept", Some(&settled));
}

#[test]
fn a_conflict_goes_away_by_itself_when_a_side_gives_way() {
    let conflict = || {
        let mut disk = built();
        disk.put("app.py", OTHER_END);
        check(
            &mut disk,
            Some(B),
            "app.py conflict: edited",
            Some(OTHER_END),
        );
        disk
    };
    let mut disk = conflict();
    check(&mut disk, Some(A), "app.py kept", Some(OTHER_END));
    assert_eq!(disk.text(&beside("app.py")), None);
    let mut disk = conflict();
    disk.put("app.py", A);
    check(&mut disk, Some(B), "app.py changed", Some(B));
    assert_eq!(disk.text(&beside("app.py")), None);
}

#[test]
fn a_conflict_is_put_aside_anew_when_either_side_goes_on() {
    let mut disk = built();
    disk.put("app.py", OTHER_END);
    check(
        &mut disk,
        Some(B),
        "app.py conflict: edited",
        Some(OTHER_END),
    );
    let more = OTHER_END.replace("team's", "team's and more");
    disk.put("app.py", &more);
    check(&mut disk, Some(B), "app.py conflict: edited", Some(&more));
    assert!(
        disk.text(&beside("app.py"))
            .is_some_and(|text| text.contains("and more"))
    );
}

#[test]
fn a_deleted_file_is_told_and_not_brought_back() {
    let mut disk = built();
    disk.remove("app.py");
    check(&mut disk, Some(B), "app.py conflict: deleted", None);
    disk.remove(&beside("app.py"));
    check(&mut disk, Some(B), "app.py kept", None);
    check(&mut disk, Some(A), "app.py kept", None);
    disk.put("app.py", A);
    check(&mut disk, Some(A), "", Some(A));
}

#[test]
fn a_deleted_file_is_brought_back_by_moving_what_was_put_aside() {
    let mut disk = Disk::default();
    let files = [script("run.sh", A)];
    disk.build(&files);
    disk.remove("run.sh");
    let decided = disk.build(&files);
    assert_eq!(said(&decided), [("run.sh", "conflict: deleted".to_owned())]);
    disk.rename(&beside("run.sh"), "run.sh");
    let decided = disk.build(&files);
    assert_eq!(said(&decided), []);
    assert!(disk.files["run.sh"].executable);
    assert!(disk.decide(&files).matches());
}

#[test]
fn a_file_that_we_did_not_write_is_never_touched() {
    let mut disk = Disk::default();
    disk.put("app.py", EDITED);
    check(
        &mut disk,
        Some(A),
        "app.py conflict: in-the-way",
        Some(EDITED),
    );
    assert_eq!(disk.text(&beside("app.py")), Some(A));
    check(
        &mut disk,
        Some(B),
        "app.py conflict: in-the-way",
        Some(EDITED),
    );
    assert_eq!(disk.text(&beside("app.py")), Some(B));
    disk.remove(&beside("app.py"));
    check(&mut disk, Some(B), "app.py kept", Some(EDITED));
    check(&mut disk, Some(A), "app.py kept", Some(EDITED));
    check(&mut disk, None, "", Some(EDITED));
}

#[test]
fn a_file_in_the_way_may_be_replaced_by_what_was_put_aside() {
    let mut disk = Disk::default();
    disk.put("app.py", EDITED);
    check(
        &mut disk,
        Some(A),
        "app.py conflict: in-the-way",
        Some(EDITED),
    );
    disk.rename(&beside("app.py"), "app.py");
    check(&mut disk, Some(A), "", Some(A));
    check(&mut disk, Some(B), "app.py changed", Some(B));
}

#[test]
fn a_file_in_the_way_that_goes_away_makes_room() {
    let mut disk = Disk::default();
    disk.put("app.py", EDITED);
    check(
        &mut disk,
        Some(A),
        "app.py conflict: in-the-way",
        Some(EDITED),
    );
    disk.remove("app.py");
    check(&mut disk, Some(A), "app.py new", Some(A));
    assert_eq!(disk.text(&beside("app.py")), None);
}

#[test]
fn what_the_project_has_no_more_is_removed_unless_it_was_edited() {
    check(&mut built(), None, "app.py removed", None);
    let mut disk = built();
    disk.put("app.py", EDITED);
    check(&mut disk, None, "app.py conflict: dropped", Some(EDITED));
    assert_eq!(disk.text(&beside("app.py")), Some(A));
    let mut deleted = disk.clone();
    deleted.remove("app.py");
    check(&mut deleted, None, "", None);
    assert_eq!(deleted.text(&beside("app.py")), None);
    disk.remove(&beside("app.py"));
    let decided = disk.build(&[]);
    assert_eq!(said(&decided), [("app.py", "kept".to_owned())]);
    check(&mut disk, None, "", Some(EDITED));
}

#[test]
fn the_teams_own_file_is_written_where_it_is_missing_and_left_from_then_on() {
    let mut disk = Disk::default();
    let hooks = |text| [once("hooks.py", text)];
    assert_eq!(
        said(&disk.build(&hooks(A))),
        [("hooks.py", "new".to_owned())]
    );
    disk.put("hooks.py", EDITED);
    let decided = disk.build(&hooks(B));
    assert_eq!(said(&decided), [("hooks.py", "kept".to_owned())]);
    assert_eq!(disk.text("hooks.py"), Some(EDITED));
    assert!(disk.decide(&hooks(B)).matches());
    let decided = disk.build(&[]);
    assert_eq!(said(&decided), [("hooks.py", "kept".to_owned())]);
    assert_eq!(disk.text("hooks.py"), Some(EDITED));
    let manifest = disk.manifest().expect("built");
    assert_eq!(manifest.files.len(), 0, "nothing of ours is there");
    disk.remove("hooks.py");
    assert_eq!(
        said(&disk.build(&hooks(B))),
        [("hooks.py", "new".to_owned())]
    );
}

#[test]
fn the_teams_own_file_goes_with_its_use_while_it_is_as_it_began() {
    let mut disk = Disk::default();
    disk.build(&[once("hooks.py", A)]);
    assert_eq!(said(&disk.build(&[])), [("hooks.py", "removed".to_owned())]);
    assert_eq!(disk.text("hooks.py"), None);
}

#[test]
fn a_file_may_become_the_teams_own_and_ours_again() {
    let mut disk = built();
    disk.put("app.py", EDITED);
    assert_eq!(
        said(&disk.build(&[once("app.py", B)])),
        [("app.py", "kept".to_owned())]
    );
    check(
        &mut disk,
        Some(B),
        "app.py conflict: in-the-way",
        Some(EDITED),
    );
    let mut disk = Disk::default();
    disk.build(&[once("app.py", A)]);
    check(&mut disk, Some(B), "app.py changed", Some(B));
}

#[test]
fn what_is_no_text_or_no_file_is_never_touched() {
    let mut disk = built();
    disk.files.get_mut("app.py").expect("it is there").bytes = vec![0xff, 0x00];
    let decided = disk.build(&[generated("app.py", B)]);
    assert_eq!(said(&decided), [("app.py", "conflict: no-text".to_owned())]);
    assert_eq!(disk.files["app.py"].bytes, [0xff, 0x00]);
    let mut disk = Disk::default();
    disk.put("app.py/inner", A);
    let decided = disk.build(&[generated("app.py", B)]);
    assert_eq!(said(&decided), [("app.py", "conflict: no-text".to_owned())]);
}

#[test]
fn a_mode_is_the_teams_where_the_team_changed_it() {
    let mut disk = Disk::default();
    disk.build(&[generated("run.sh", A)]);
    assert_eq!(
        said(&disk.build(&[script("run.sh", A)])),
        [("run.sh", "changed".to_owned())]
    );
    assert!(disk.files["run.sh"].executable);
    disk.files
        .get_mut("run.sh")
        .expect("it is there")
        .executable = false;
    assert!(disk.decide(&[script("run.sh", A)]).matches());
    disk.build(&[script("run.sh", B)]);
    assert!(!disk.files["run.sh"].executable);
}

#[test]
fn line_ends_of_windows_are_no_edit_and_stay() {
    let windows = |text: &str| text.replace('\n', "\r\n");
    let mut disk = built();
    disk.put("app.py", &windows(A));
    check(&mut disk, Some(A), "", Some(&windows(A)));
    check(&mut disk, Some(B), "app.py changed", Some(&windows(B)));
    disk.put("app.py", &windows(BOTH));
    check(&mut disk, Some(A), "app.py merged", Some(&windows(EDITED)));
    check(
        &mut disk,
        Some(&windows(A)),
        "app.py kept",
        Some(&windows(EDITED)),
    );
}

#[test]
fn a_lost_base_is_a_conflict_for_edited_files_and_made_again_for_others() {
    let mut disk = built();
    let base = format!("{BASES}/{}", Hash::of(A));
    disk.remove(&base);
    assert!(!disk.decide(&[generated("app.py", A)]).matches());
    check(&mut disk, Some(A), "", Some(A));
    assert_eq!(disk.text(&base), Some(A));
    disk.put(&base, "damaged");
    disk.put("app.py", EDITED);
    check(&mut disk, Some(B), "app.py conflict: no-base", Some(EDITED));
}

#[test]
fn bases_that_nothing_needs_are_removed_and_others_left() {
    let mut disk = built();
    disk.put(&format!("{BASES}/notes"), "of a person");
    disk.build(&[generated("app.py", B)]);
    assert_eq!(disk.text(&format!("{BASES}/{}", Hash::of(A))), None);
    assert_eq!(disk.text(&format!("{BASES}/{}", Hash::of(B))), Some(B));
    assert!(disk.text(&format!("{BASES}/notes")).is_some());
}

#[test]
fn a_project_whose_records_are_lost_is_taken_up_again_where_it_is_the_same() {
    let mut disk = Disk::default();
    let files = [generated("app.py", A), generated("b.py", A)];
    disk.build(&files);
    disk.files
        .retain(|path, _| !path.starts_with(".archwright-build"));
    disk.put("b.py", EDITED);
    assert!(
        !disk.decide(&files[..1]).matches(),
        "nobody could merge what comes later"
    );
    let decided = disk.build(&files);
    assert_eq!(
        said(&decided),
        [("b.py", "conflict: in-the-way".to_owned())]
    );
    assert_eq!(disk.text("b.py"), Some(EDITED));
}

#[test]
fn another_text_of_the_design_that_makes_the_same_files_writes_nothing() {
    let mut disk = built();
    let before = disk.clone();
    let files = [generated("app.py", A)];
    let decided = disk.build(&files);
    assert!(decided.matches());
    assert_eq!(disk, before);
    let manifest = disk
        .text(MANIFEST)
        .expect("it is there")
        .replace("0.1.0", "0.0.9");
    disk.put(MANIFEST, &manifest);
    assert!(
        disk.decide(&files).matches(),
        "an older version made the same"
    );
}

/// Two people build on branches of their own; git merges files, bases and the lines of the manifest.
#[test]
fn branches_that_were_built_apart_and_merged_by_git_go_on() {
    let file = |a: &str, b: &str| [generated("a.py", a), generated("b.py", b)];
    let mut disk = Disk::default();
    disk.build(&file(A, A));
    let (mut left, mut right) = (disk.clone(), disk);
    left.put("a.py", EDITED);
    left.build(&file(B, A));
    right.build(&file(A, B));
    let mut merged = left;
    for path in right
        .files
        .keys()
        .filter(|path| path.starts_with(BASES) || *path == "b.py")
    {
        merged.files.insert(path.clone(), right.files[path].clone());
    }
    // The manifest is the left one's as a whole, as after `git checkout --ours`.
    let decided = merged.build(&file(B, B));
    assert_eq!(said(&decided), [("a.py", "kept".to_owned())]);
    assert_eq!(merged.text("a.py"), Some(BOTH));
    assert_eq!(merged.text("b.py"), Some(B));
    assert!(merged.decide(&file(B, B)).matches());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let files = [generated("b.py", A), once("a.py", A), script("c.sh", B)];
    let (mut one, mut two) = (Disk::default(), Disk::default());
    one.build(&files);
    two.build(&[files[2].clone(), files[0].clone(), files[1].clone()]);
    let manifest = |disk: &Disk| Manifest {
        design: common::provenance("").design,
        ..disk.manifest().expect("built")
    };
    assert_eq!(manifest(&one), manifest(&two));
    let mut three = Disk::default();
    three.build(&files);
    assert_eq!(one, three);
}
