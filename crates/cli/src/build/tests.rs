//! `archwright build` with a stack that only tests have, on real folders.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't use its folder has failed"
)]

use super::*;
use archwright_plan::Plan;
use archwright_project::{Kind, MANIFEST};
use clap::Parser;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    build: BuildArguments,
}

const TWO: &[Stack] = &[
    Stack {
        name: "plain",
        generate: plain,
    },
    Stack {
        name: "other",
        generate: plain,
    },
];

/// A file for each entity with a line for each of its fields, a script, and one of the team's own.
fn plain(plan: &Plan) -> Result<Vec<File>, Vec<Diagnostic>> {
    let entities = plan.model.entities.iter();
    if let Some(refused) = entities.clone().find(|entity| entity.name == "Refused") {
        let message = "plain can't express `Refused`";
        return Err(vec![Diagnostic::new("AW600", refused.span, message)]);
    }
    let file = |path: String, text: String| File {
        path,
        text,
        kind: Kind::Generated,
        executable: false,
    };
    let mut files: Vec<File> = entities
        .map(|entity| {
            let names = entity.fields.iter().map(|field| &field.name);
            let declared = names.filter(|name| !name.ends_with("_at"));
            let fields = declared.map(|name| format!("field {name}\n"));
            let text = format!(
                "# {}\n\n{}\n# end\n",
                entity.name,
                fields.collect::<String>()
            );
            file(format!("app/{}.txt", entity.name.to_lowercase()), text)
        })
        .collect();
    let executable = true;
    files.push(File {
        executable,
        ..file("run.sh".to_owned(), "exit 0\n".to_owned())
    });
    let kind = Kind::Once;
    files.push(File {
        kind,
        ..file("app/hooks.txt".to_owned(), "# yours\n".to_owned())
    });
    Ok(files)
}

/// A folder with a design and, after a build, a project.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.design(&["title"]);
        place
    }

    /// A design of one entity with these fields.
    fn design(&self, fields: &[&str]) {
        let fields: String = fields
            .iter()
            .map(|field| format!("      {field}: string\n"))
            .collect();
        let text = format!(
            "archwright: 1\nname: notes\nentities:\n  Note:\n    fields:\n{fields}    allow: {{ read: anyone }}\n"
        );
        fs::write(self.folder.path().join("design.yaml"), text).unwrap();
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn run(&self, stack: &str, more: &[&str]) -> Result<(ExitCode, String)> {
        let (design, out) = (self.folder.path().join("design.yaml"), self.project());
        let mut arguments = vec![
            "build",
            design.to_str().unwrap(),
            "--stack",
            stack,
            "--out",
            out.to_str().unwrap(),
        ];
        arguments.extend(more);
        let arguments = Arguments::try_parse_from(arguments).unwrap();
        let mut said = Vec::new();
        let code = build_with(&arguments.build, TWO, &mut said)?;
        Ok((code, String::from_utf8(said).unwrap()))
    }

    /// Checks the exit status and that each part is said.
    #[track_caller]
    fn check(&self, more: &[&str], status: u8, parts: &[&str]) {
        let (code, said) = self.run("plain", more).unwrap();
        assert_eq!(
            format!("{code:?}"),
            format!("{:?}", ExitCode::from(status)),
            "{said}"
        );
        for part in parts {
            assert!(said.contains(part), "no {part:?} in\n{said}");
        }
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.project().join(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project().join(path)).unwrap()
    }
}

#[test]
fn a_project_is_written_and_a_second_build_has_nothing_to_do() {
    let place = Place::new();
    place.check(
        &["--check"],
        1,
        &["new       app/note.txt", "does not match notes: 3 new"],
    );
    assert!(!place.project().exists(), "--check writes nothing");
    place.check(&[], 0, &["new       run.sh", "notes in ", ": 3 new"]);
    let manifest = place.read(MANIFEST);
    place.check(&["--check"], 0, &["matches notes: 3 unchanged"]);
    place.check(&[], 0, &["is up to date with notes: 3 unchanged"]);
    assert_eq!(place.read(MANIFEST), manifest);
    let mode = fs::metadata(place.project().join("run.sh"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o111, 0o111);
}

#[test]
fn two_projects_of_one_design_are_the_same_to_the_byte() {
    let (one, two) = (Place::new(), Place::new());
    one.check(&[], 0, &[]);
    two.check(&[], 0, &[]);
    for path in [MANIFEST, "app/note.txt", "app/hooks.txt"] {
        assert_eq!(one.read(path), two.read(path));
    }
}

#[test]
fn a_design_that_goes_on_is_merged_with_what_the_team_wrote() {
    let place = Place::new();
    place.check(&[], 0, &[]);
    place.write(
        "app/note.txt",
        &place.read("app/note.txt").replace("# end", "# our end"),
    );
    place.write("app/hooks.txt", "ours\n");
    place.check(&["--check"], 0, &["2 kept, 1 unchanged"]);
    place.design(&["title", "text"]);
    place.check(&["--check"], 1, &["merged    app/note.txt"]);
    place.check(
        &[],
        0,
        &["merged    app/note.txt", "1 merged, 1 kept, 1 unchanged"],
    );
    assert_eq!(
        place.read("app/note.txt"),
        "# Note\n\nfield title\nfield text\n\n# our end\n"
    );
    assert_eq!(place.read("app/hooks.txt"), "ours\n");
    place.check(&["--check"], 0, &[]);
}

#[test]
fn a_conflict_is_told_with_its_place_until_somebody_has_seen_to_it() {
    let place = Place::new();
    place.check(&[], 0, &[]);
    place.write("app/note.txt", "# Note\n\nfield heading\n\n# end\n");
    place.design(&["headline"]);
    let aside = ".archwright-build/conflicts/app/note.txt.conflict";
    let parts = [
        "conflict  app/note.txt:3\n",
        aside,
        "1 in conflict",
        "A file in conflict is left as it is.",
    ];
    place.check(&[], 1, &parts);
    assert_eq!(
        place.read("app/note.txt"),
        "# Note\n\nfield heading\n\n# end\n"
    );
    place.check(&["--check"], 1, &parts);
    fs::remove_file(place.project().join(aside)).unwrap();
    place.check(
        &["--check"],
        1,
        &["but the records in .archwright-build are behind"],
    );
    place.check(&[], 0, &["1 kept"]);
    place.check(&["--check"], 0, &[]);
}

#[test]
fn json_has_every_file_and_the_places_of_conflicts() {
    let place = Place::new();
    place.check(&[], 0, &[]);
    place.write("app/note.txt", "# Note\n\nfield heading\n\n# end\n");
    place.design(&["headline"]);
    let (_, said) = place
        .run("plain", &["--format", "json", "--check"])
        .unwrap();
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["check"], true);
    assert_eq!(json["matches"], false);
    assert_eq!(json["summary"]["conflict"], 1);
    assert_eq!(json["files"].as_array().unwrap().len(), 3);
    let file = &json["files"][1];
    assert_eq!(file["path"], "app/note.txt");
    assert_eq!(file["action"], "conflict");
    assert_eq!(file["reason"], "edited");
    assert_eq!(file["lines"], serde_json::json!([{ "from": 3, "to": 3 }]));
}

#[test]
fn what_was_there_before_is_left_and_the_rest_is_written() {
    let place = Place::new();
    fs::create_dir(place.project()).unwrap();
    place.write("run.sh", "of the team\n");
    place.write("other", "of the team\n");
    place.check(
        &[],
        1,
        &[
            "conflict  run.sh\n",
            "there already",
            "2 new, 1 in conflict",
        ],
    );
    assert_eq!(place.read("run.sh"), "of the team\n");
    assert_eq!(place.read("other"), "of the team\n");
}

#[test]
fn a_link_that_leads_out_of_the_project_is_not_followed() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    fs::create_dir(place.project()).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), place.project().join("app")).unwrap();
    place.check(
        &[],
        1,
        &[
            "the link `app` is in the way",
            "1 new, 1 in conflict, 1 kept",
        ],
    );
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn the_project_is_taken_back_and_built_anew_after_a_crash() {
    let place = Place::new();
    place.check(&[], 0, &[]);
    let staged = place.project().join(".archwright-build/staged");
    fs::create_dir_all(staged.join("old")).unwrap();
    fs::rename(place.project().join("run.sh"), staged.join("old/0")).unwrap();
    fs::write(
        staged.join("journal.json"),
        r#"{"made":[],"steps":[["run.sh",true,null]]}"#,
    )
    .unwrap();
    let error = place.run("plain", &["--check"]).unwrap_err();
    assert!(error.to_string().contains("was interrupted"), "{error}");
    place.check(&[], 0, &["3 unchanged"]);
    assert_eq!(place.read("run.sh"), "exit 0\n");
}

#[test]
fn a_folder_of_another_stack_is_refused() {
    let place = Place::new();
    place.check(&[], 0, &[]);
    let error = place.run("other", &[]).unwrap_err().to_string();
    assert!(
        error.contains("holds a project of the stack plain"),
        "{error}"
    );
}

#[test]
fn an_unknown_stack_is_told_what_there_is() {
    let error = Place::new().run("plan", &[]).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no stack `plan`; did you mean `plain`? (there is plain, other)"
    );
    let error = stack(&[], "plain").err().unwrap().to_string();
    assert_eq!(
        error,
        "there is no stack `plain`; this build of archwright has none"
    );
}

#[test]
fn damaged_records_stop_a_build_before_it_writes() {
    let place = Place::new();
    place.check(&[], 0, &[]);
    let manifest = place.read(MANIFEST);
    place.design(&["text"]);
    for (text, part) in [
        ("{", "is damaged"),
        (
            &manifest.replace("\"format\": 1", "\"format\": 9"),
            "a later version",
        ),
    ] {
        place.write(MANIFEST, text);
        let error = place.run("plain", &[]).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(place.read("app/note.txt").contains("title"));
    }
}

#[test]
fn what_the_stack_cannot_express_writes_nothing() {
    let place = Place::new();
    let design = place.folder.path().join("design.yaml");
    let text = fs::read_to_string(&design).unwrap();
    fs::write(&design, text.replace("Note:", "Refused:")).unwrap();
    place.check(
        &["--format", "json"],
        1,
        &["plain can't express `Refused`", "\"line\": 4"],
    );
    fs::write(&design, "archwright: 1\n").unwrap();
    place.check(&["--format", "json"], 1, &["\"errors\": "]);
    assert!(!place.project().exists());
}
