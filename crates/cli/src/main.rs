//! The archwright command: reads files, calls the core, prints.

mod appoint;
mod build;
mod check;
mod explain;
mod fmt;
mod input;
mod new;
mod plan;
mod serve;
mod signals;
mod test;

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// A backend architect that you can run.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES, after_long_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  archwright check examples/bookshop
  archwright serve examples/bookshop
  archwright plan examples/bookshop | less
  archwright explain AW001

Exit status: 0 when all is well, 1 when the design has errors, 2 when the
command could not run.";

#[derive(Subcommand)]
enum Command {
    /// Write a design from what is needed, said in plain English
    #[command(after_help = "Examples:
  archwright new --brief \"Members book courts; the manager sets prices.\" --serve
  archwright new shop needs.md --yes
  archwright new                # asks what you need

It writes DIR/design.yaml, each element with where it comes from, and
DIR/brief.md. What the brief leaves open is asked in a terminal, and otherwise
answered as recommended.")]
    New(new::NewArguments),
    /// Report everything that is wrong with a design
    #[command(after_help = "Examples:
  archwright check shop.yaml
  archwright check designs/shop --format sarif > findings.sarif
  archwright check . --format github")]
    Check {
        /// A design file, or a folder of them
        path: PathBuf,
        #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
        format: ReportFormat,
    },
    /// Print every decision for a design, with its reason
    #[command(after_help = "Examples:
  archwright plan shop.yaml
  archwright plan shop.yaml --format json | jq '.operations[].path'")]
    Plan {
        /// A design file, or a folder of them
        path: PathBuf,
        #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
        format: PlanFormat,
    },
    /// Print the OpenAPI 3.1 document of a design's API
    #[command(after_help = "Examples:
  archwright openapi shop.yaml > openapi.json
  archwright openapi shop.yaml --server https://api.example.com")]
    Openapi {
        /// A design file, or a folder of them
        path: PathBuf,
        /// Where the API answers, without a trailing slash
        #[arg(long)]
        server: Option<String>,
    },
    /// Write a design as a project in your own stack, and bring it up to date
    #[command(after_help = build::HELP)]
    Build(build::BuildArguments),
    /// Run a design as a backend
    #[command(after_help = "Examples:
  archwright serve shop.yaml
  archwright serve designs/shop --port 0 --database sqlite::memory:
  archwright serve . --env production --host 0.0.0.0 --behind-proxy

It logs to standard error: short lines in a terminal, JSON in a pipe. When it is
ready it prints one line of JSON to standard output unless that is a terminal;
`jq -r .url` finds the address. SIGINT and SIGTERM let requests end; a second
one does not wait.")]
    Serve(serve::ServeArguments),
    /// Give an account a role that only its holders grant: the first admin
    #[command(after_help = appoint::HELP)]
    Appoint(appoint::AppointArguments),
    /// Prove that a server keeps to a design: hundreds of cases against any implementation, by its URL
    #[command(after_help = test::HELP)]
    Test(test::TestArguments),
    /// Print the page of a diagnostic's code
    #[command(after_help = "Examples:
  archwright explain AW001
  archwright explain            # all codes, a line each")]
    Explain {
        /// Such as AW001; without it, all codes are listed
        code: Option<String>,
    },
    /// Rewrite design files in the canonical layout
    #[command(after_help = "Examples:
  archwright fmt shop.yaml
  archwright fmt . --check      # for CI: change nothing, say what would change")]
    Fmt {
        /// A design file, or a folder of them
        path: PathBuf,
        /// Change nothing; exit with 1 if a file would change
        #[arg(long)]
        check: bool,
    },
    /// Print the JSON Schema of the design language, for editors
    #[command(after_help = "Examples:
  archwright schema > archwright.schema.json
  # then, as the first line of a design:
  # yaml-language-server: $schema=archwright.schema.json")]
    Schema,
}

#[derive(Clone, Copy, ValueEnum)]
enum ReportFormat {
    Text,
    Json,
    Sarif,
    Github,
}

#[derive(Clone, Copy, ValueEnum)]
enum PlanFormat {
    Text,
    Json,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::New(arguments) => match new::new(&arguments)? {
            new::Made::Nothing(code) => Ok(code),
            new::Made::Design(folder) if arguments.serve => {
                let folder = folder.display().to_string();
                run(Arguments::parse_from(["archwright", "serve", "--seed", "--", &folder]).command)
            }
            new::Made::Design(_) => Ok(ExitCode::SUCCESS),
        },
        Command::Check { path, format } => check::check(&path, format),
        Command::Plan { path, format } => plan::plan(&path, format),
        Command::Openapi { path, server } => plan::openapi(&path, server),
        Command::Build(arguments) => build::build(&arguments),
        Command::Serve(arguments) => serve::serve(arguments),
        Command::Appoint(arguments) => appoint::appoint(&arguments),
        Command::Test(arguments) => test::test(arguments),
        Command::Explain { code } => explain::explain(code.as_deref()),
        Command::Fmt { path, check } => fmt::fmt(
            &path,
            if check {
                fmt::Mode::Check
            } else {
                fmt::Mode::Write
            },
        ),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&archwright_design::json_schema())?;
            input::print(&format!("{schema}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The reader of a pipe may stop early (`| head`); that is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// As wide as a terminal is at least.
    const WIDTH: usize = 80;

    /// The lines of texts of our own keep to it: what is wrapped twice is ragged.
    #[test]
    fn no_line_of_the_help_is_wider_than_a_terminal() {
        let mut root = Arguments::command().term_width(WIDTH);
        root.build();
        let names: Vec<String> = root
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect();
        assert!(names.len() > 8, "{names:?}");
        check(&mut root);
        for name in names {
            check(root.find_subcommand_mut(&name).expect("it is listed"));
        }
    }

    fn check(command: &mut clap::Command) {
        let written = [command.get_after_help(), command.get_after_long_help()];
        let written: Vec<String> = written
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        for help in [command.render_help(), command.render_long_help()] {
            let help = help.to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
            let as_written = |text: &String| help.contains(text.as_str());
            assert!(written.iter().all(as_written), "{help}");
        }
    }
}
