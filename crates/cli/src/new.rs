//! `archwright new`: plain English in, a design out.

mod interview;
mod llm;
mod summary;

use crate::input::print;
use anyhow::{Context, Result, bail};
use archwright_brief::{
    ADVICE, Choices, Concepts, Proposed, Unreadable, Written, design, try_read,
};
use clap::Args;
use llm::{Model, Task};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

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
    /// Let a language model improve the design: `openai:MODEL`, `anthropic:MODEL` or `ollama:MODEL`. It gets the brief;
    /// its key comes from the environment
    #[arg(long, value_name = "PROVIDER:MODEL")]
    llm: Option<String>,
    /// How long the model may take for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "llm")]
    llm_timeout: u64,
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
    let model = model(arguments)?;
    let Sources { folder, file } = sources(&arguments.paths)?;
    let given = (arguments.brief.as_deref(), file.as_deref());
    let asks = given == (None, None) && std::io::stdin().is_terminal();
    let Some(brief) = understood(given, asks, model.is_some())? else {
        return Ok(Made::Nothing(ExitCode::from(2)));
    };
    let folder = match folder {
        Some(folder) => folder,
        None => free(&name(brief.concepts.as_ref(), file.as_deref()), asks),
    };
    let target = folder.join("design.yaml");
    if target.exists() {
        bail!("{} is there already; name another folder", target.display());
    }
    let title = folder.file_name().map_or_else(
        || name(brief.concepts.as_ref(), file.as_deref()),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut choices: Choices = arguments.answers.iter().cloned().collect();
    let written = match &brief.concepts {
        Some(concepts) => Some(answered(concepts, &title, &mut choices, arguments.yes)?),
        None => None,
    };
    let task = Task {
        brief: &brief.text,
        name: &title,
        written: written.as_ref(),
    };
    let proposed = model.as_ref().and_then(|model| asked(model, &task));
    let Some(text) = proposed
        .as_ref()
        .map(|(_, proposed)| &proposed.design)
        .or(written.as_ref().map(|written| &written.design))
    else {
        return Ok(Made::Nothing(ExitCode::from(2)));
    };
    write(&folder, &target, text, &brief.text)?;
    let said = summary::Said {
        concepts: brief.concepts.as_ref(),
        written: written.as_ref(),
        proposed: proposed.as_ref(),
        choices: &choices,
    };
    print(&summary::summary(&said, &target, &folder))?;
    Ok(Made::Design(folder))
}

fn model(arguments: &NewArguments) -> Result<Option<Model>> {
    let timeout = Duration::from_secs(arguments.llm_timeout);
    let model = arguments.llm.as_deref();
    model
        .map(|model| Model::new(model, timeout, |name| std::env::var(name).ok()))
        .transpose()
}

/// A brief, and what was read in it; nothing where only a language model may understand it.
struct Brief {
    text: String,
    concepts: Option<Concepts>,
}

/// Reads the brief. Who types it in a terminal is asked again until something is understood.
fn understood(
    given: (Option<&str>, Option<&Path>),
    asks: bool,
    helped: bool,
) -> Result<Option<Brief>> {
    let mut again = false;
    loop {
        let text = match asks {
            true => interview::ask_for_brief(again)?,
            false => brief(given.0, given.1)?,
        };
        match try_read(&text) {
            Ok(concepts) => {
                let concepts = Some(concepts);
                return Ok(Some(Brief { text, concepts }));
            }
            Err(problem) if helped && problem != Unreadable::Empty => {
                let concepts = None;
                return Ok(Some(Brief { text, concepts }));
            }
            Err(problem) => {
                eprintln!("error: {problem}\n\n{ADVICE}");
                if problem == Unreadable::Foreign {
                    eprintln!("\n{OTHER_LANGUAGES}");
                }
                if !asks || problem == Unreadable::Empty {
                    return Ok(None);
                }
                again = true;
            }
        }
    }
}

const OTHER_LANGUAGES: &str =
    "A language model reads other languages too: add --llm PROVIDER:MODEL.";

/// A folder that holds no design yet: who has just typed a brief should not lose it to a name that is taken.
fn free(name: &str, asks: bool) -> PathBuf {
    let taken = |folder: &PathBuf| asks && folder.join("design.yaml").exists();
    let others = (2..1000).map(|number| PathBuf::from(format!("{name}-{number}")));
    let mut folders = std::iter::once(PathBuf::from(name)).chain(others);
    let found = folders.find(|folder| !taken(folder));
    found.unwrap_or_else(|| PathBuf::from(name))
}

/// The design, once what the brief leaves open is answered.
fn answered(
    concepts: &Concepts,
    title: &str,
    choices: &mut Choices,
    silent: bool,
) -> Result<Written> {
    let written = design(concepts, title, choices);
    known(choices, &written)?;
    if silent || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Ok(written);
    }
    interview::interview(&written, choices)?;
    Ok(design(concepts, title, choices))
}

/// What the model proposes, with its name; nothing if it was of no help, which is said.
fn asked(model: &Model, task: &Task<'_>) -> Option<(String, Proposed)> {
    eprintln!("Asking {model} at {}, which gets the brief.", model.host());
    match llm::propose(model, task, |news| eprintln!("{news}")) {
        Ok(proposed) => Some((model.to_string(), proposed)),
        Err(failure) if task.written.is_some() => {
            eprintln!(
                "warning: the language model was no help, so the design is written without it: {failure}"
            );
            None
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            None
        }
    }
}

fn write(folder: &Path, target: &Path, design: &str, brief: &str) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} can't be made", folder.display()))?;
    std::fs::write(target, design)
        .with_context(|| format!("{} can't be written", target.display()))?;
    let copy = folder.join("brief.md");
    if !copy.exists() {
        std::fs::write(&copy, brief)
            .with_context(|| format!("{} can't be written", copy.display()))?;
    }
    Ok(())
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

/// A folder's name: the file's, else the first thing that the brief speaks of, rather than the people who have to do
/// with it.
fn name(concepts: Option<&Concepts>, file: Option<&Path>) -> String {
    let stem = file
        .filter(|file| file.as_os_str() != "-")
        .and_then(Path::file_stem)
        .map(|stem| stem.to_string_lossy().into_owned());
    let entities = concepts.map_or(&[][..], |concepts| &concepts.entities[..]);
    let thing = entities.iter().find(|entity| !entity.person);
    let first = thing.or(entities.first()).map(|entity| entity.name.clone());
    let words = stem.or(first).unwrap_or_else(|| "backend".to_owned());
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
