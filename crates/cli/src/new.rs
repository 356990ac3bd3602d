//! `archwright new`: plain English in, a design out.

use crate::input::print;
use anyhow::{Context, Result, bail};
use archwright_brief::{ADVICE, Choices, Concepts, Question, Written, design, try_read};
use clap::Args;
use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub struct NewArguments {
    /// The folder to write into, and a file that holds the brief, in any order [default: a folder called like the brief]
    #[arg(value_name = "DIR | FILE.md", num_args = 0..=2)]
    paths: Vec<PathBuf>,
    /// What is needed, in plain English
    #[arg(long, value_name = "TEXT")]
    brief: Option<String>,
    /// Ask nothing: take the recommended answers
    #[arg(long)]
    yes: bool,
    /// Answer a question, such as `deletion=erase`
    #[arg(long = "answer", value_name = "QUESTION=OPTION", value_parser = answer)]
    answers: Vec<(String, String)>,
    /// Run the design at once, with plausible rows
    #[arg(long)]
    pub serve: bool,
}

/// Bytes of a brief that are read.
const MOST_BYTES: u64 = 4_000_000;

fn answer(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(question, option)| (question.trim().to_owned(), option.trim().to_owned()))
        .ok_or_else(|| "write it as QUESTION=OPTION".to_owned())
}

/// What was written, and where.
pub enum Made {
    Design(PathBuf),
    Nothing(ExitCode),
}

pub fn new(arguments: &NewArguments) -> Result<Made> {
    let Sources { folder, file } = sources(&arguments.paths)?;
    let text = brief(arguments.brief.as_deref(), file.as_deref())?;
    let concepts = match try_read(&text) {
        Ok(concepts) => concepts,
        Err(problem) => {
            eprintln!("error: {problem}\n\n{ADVICE}");
            return Ok(Made::Nothing(ExitCode::from(2)));
        }
    };
    let folder = folder.unwrap_or_else(|| PathBuf::from(name(&concepts, file.as_deref())));
    let target = folder.join("design.yaml");
    if target.exists() {
        bail!("{} is there already; name another folder", target.display());
    }
    let title = folder.file_name().map_or_else(
        || name(&concepts, file.as_deref()),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut choices: Choices = arguments.answers.iter().cloned().collect();
    let mut written = design(&concepts, &title, &choices);
    known(&choices, &written)?;
    if !arguments.yes && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        interview(&written, &mut choices)?;
        written = design(&concepts, &title, &choices);
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} can't be made", folder.display()))?;
    std::fs::write(&target, &written.design)
        .with_context(|| format!("{} can't be written", target.display()))?;
    let copy = folder.join("brief.md");
    if !copy.exists() {
        std::fs::write(&copy, &text)
            .with_context(|| format!("{} can't be written", copy.display()))?;
    }
    print(&summary(&concepts, &written, &choices, &target, &folder))?;
    Ok(Made::Design(folder))
}

struct Sources {
    folder: Option<PathBuf>,
    file: Option<PathBuf>,
}

/// Tells the folder from the brief: a brief is a file, or ends like one.
fn sources(paths: &[PathBuf]) -> Result<Sources> {
    let mut sources = Sources {
        folder: None,
        file: None,
    };
    for path in paths {
        let text = path.extension().is_some_and(|ending| {
            matches!(ending.to_string_lossy().as_ref(), "md" | "txt" | "markdown")
        });
        let place = if path.is_file() || text || path.as_os_str() == "-" {
            &mut sources.file
        } else {
            &mut sources.folder
        };
        if place.is_some() {
            bail!(
                "`{}` is one too many: name one folder and one file at most",
                path.display()
            );
        }
        *place = Some(path.clone());
    }
    Ok(sources)
}

fn brief(given: Option<&str>, file: Option<&Path>) -> Result<String> {
    match (given, file) {
        (Some(_), Some(file)) => {
            bail!("give the brief once: with --brief or in {}", file.display())
        }
        (Some(text), None) => Ok(text.to_owned()),
        (None, Some(file)) if file.as_os_str() != "-" => {
            let bytes = std::fs::File::open(file)
                .and_then(|opened| {
                    let mut bytes = Vec::new();
                    opened.take(MOST_BYTES).read_to_end(&mut bytes)?;
                    Ok(bytes)
                })
                .with_context(|| format!("{} can't be read", file.display()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        (None, None) if std::io::stdin().is_terminal() => ask_for_brief(),
        (None, _) => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .take(MOST_BYTES)
                .read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}

fn ask_for_brief() -> Result<String> {
    print(
        "What do you need? Say what there is, and who does what with it. An empty line ends it.\n\n",
    )?;
    let mut text = String::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() && !text.trim().is_empty() {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// A folder's name: the file's, else the first things that the brief speaks of.
fn name(concepts: &Concepts, file: Option<&Path>) -> String {
    let stem = file
        .filter(|file| file.as_os_str() != "-")
        .and_then(Path::file_stem);
    let words = stem.map_or_else(
        || {
            concepts
                .entities
                .first()
                .map_or_else(|| "backend".to_owned(), |entity| entity.name.clone())
        },
        |stem| stem.to_string_lossy().into_owned(),
    );
    let name: String = words
        .to_lowercase()
        .split(|each: char| !each.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name
    } else {
        "backend".to_owned()
    }
}

/// Refuses answers to questions that are not asked, and options that there are none of.
fn known(choices: &Choices, written: &Written) -> Result<()> {
    for (id, option) in choices {
        let Some(question) = written.questions.iter().find(|question| question.id == *id) else {
            let all: Vec<&str> = written
                .questions
                .iter()
                .map(|question| question.id.as_str())
                .collect();
            bail!(
                "no question is called `{id}`; there are: {}",
                all.join(", ")
            );
        };
        if !question.options.iter().any(|each| each.id == *option) {
            let all: Vec<&str> = question
                .options
                .iter()
                .map(|each| each.id.as_str())
                .collect();
            bail!(
                "`{option}` is no answer to `{id}`; there are: {}",
                all.join(", ")
            );
        }
    }
    Ok(())
}

/// Asks what the brief leaves open.
fn interview(written: &Written, choices: &mut Choices) -> Result<()> {
    let open: Vec<&Question> = written
        .questions
        .iter()
        .filter(|question| !choices.contains_key(&question.id))
        .collect();
    if !open.is_empty() {
        print("\nA few things are open. Enter takes what is recommended.\n")?;
    }
    for question in open {
        let mut text = format!("\n{} {}\n", question.ask, question.why);
        for (at, option) in question.options.iter().enumerate() {
            let recommended = if at == 0 { " (recommended)" } else { "" };
            let _ = writeln!(
                text,
                "  {}. {}{recommended}\n     {}",
                at + 1,
                option.gives,
                option.changes
            );
        }
        loop {
            print(&format!("{text}> "))?;
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim();
            let chosen = if line.is_empty() {
                question.options.first()
            } else {
                let number = line
                    .parse::<usize>()
                    .ok()
                    .and_then(|number| question.options.get(number.checked_sub(1)?));
                number.or_else(|| question.options.iter().find(|option| option.id == line))
            };
            if let Some(option) = chosen {
                choices.insert(question.id.clone(), option.id.clone());
                break;
            }
            text = format!(
                "Please answer with a number from 1 to {}.\n",
                question.options.len()
            );
        }
    }
    Ok(())
}

fn summary(
    concepts: &Concepts,
    written: &Written,
    choices: &Choices,
    target: &Path,
    folder: &Path,
) -> String {
    let mut out = format!("Wrote {}\n", target.display());
    if !written.patterns.is_empty() {
        let _ = writeln!(
            out,
            "Built on the patterns {}.",
            written.patterns.join(", ")
        );
    }
    if concepts.cut {
        out.push_str("The brief is too long: only its beginning was read.\n");
    }
    let quote = |at: usize| {
        concepts
            .sentences
            .get(at)
            .map_or("", |sentence| sentence.text.as_str())
    };
    for each in &concepts.contradictions {
        let _ = writeln!(
            out,
            "\nTwo sentences disagree on {}:\n  {}\n  {}",
            each.about,
            quote(each.first),
            quote(each.second)
        );
    }
    if !concepts.unread.is_empty() {
        out.push_str("\nNot understood:\n");
    }
    for at in concepts.unread.iter().take(8) {
        let _ = writeln!(
            out,
            "  line {}: {}",
            concepts
                .sentences
                .get(*at)
                .map_or(0, |sentence| sentence.line),
            quote(*at)
        );
    }
    if concepts.unread.len() > 8 {
        let _ = writeln!(
            out,
            "  and {} more; the design lists them",
            concepts.unread.len() - 8
        );
    }
    let open: Vec<&Question> = written
        .questions
        .iter()
        .filter(|question| !choices.contains_key(&question.id))
        .collect();
    if !open.is_empty() {
        out.push_str("\nLeft open, and answered as recommended:\n");
    }
    for question in open {
        let others: Vec<&str> = question
            .options
            .iter()
            .skip(1)
            .map(|option| option.id.as_str())
            .collect();
        let first = question
            .options
            .first()
            .map_or("", |option| option.id.as_str());
        let _ = writeln!(
            out,
            "  {} {first}; else --answer {}={}",
            question.ask,
            question.id,
            others.join("|")
        );
    }
    let _ = writeln!(
        out,
        "\nNext: read the design, then\n  archwright serve {} --seed",
        folder.display()
    );
    out
}
