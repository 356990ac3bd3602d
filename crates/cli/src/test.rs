//! `archwright test`: the black-box suite against a server that is known by its URL.

mod progress;

use crate::check::paint;
use crate::input::{checked, print};
use anyhow::{Result, bail};
use archwright_diagnostics::{Sources, Span};
use archwright_plan::Plan;
use archwright_report::{Format, render};
use archwright_suite::{
    Options, SignIn, Stop, TokenKey, TokenSecrets, default_sign_ins, derive, is_wanted,
};
use clap::{Args, ValueEnum};
use progress::progressing;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

pub const HELP: &str = "Test sign-ins:
  The suite calls as nobody, and as two accounts of each role. Without
  --sign-in it uses the ones that `archwright serve --seed` makes:
  ROLE@example.com and ROLE2@example.com with the password archwright-dev-1.
  Give others as ROLE=NAME:PASSWORD, once for each account; an account without
  any role has the ROLE `none`. A NAME with a colon in it stands in double
  quotes: 'member=\"@ann:shop.test\":secret'.
  An account should have no other role than the one it is given for. Where
  there are tenants, the second account of each role should belong to another
  tenant. Where a role is open to sign-up, more accounts are made by signing up.

Access tokens:
  That a server refuses what it signed itself once it has expired, or for
  another audience or issuer, can only be asked with such tokens. Give the key
  with which the test deployment signs, and the suite makes them: 32 bytes in
  base64 or a PEM for EdDSA (Ed25519), the shared secret for HS256. Without
  --signing-key it is the first of ARCHWRIGHT_SIGNING_KEYS in the environment,
  which `archwright serve` reads too. Where tokens are signed in another way,
  sign in, wait until the access token has expired, and give that with
  --expired-token. Without either, these cases are skipped.

The database:
  The suite writes: it creates, changes and deletes rows, and for the time of
  the run it takes the role from one test account. Give it a database of its
  own, and turn rate limits off. The test accounts keep the names and passwords
  that they sign in with, for the next run: what changes them is undone, or done
  to accounts that sign up. Where nobody signs up, operations that change the
  sign-in of their caller, or delete the account, are called at the end of the
  run, and then the next run needs other accounts.

Examples:
  export ARCHWRIGHT_SIGNING_KEYS=$(openssl rand -base64 32)
  archwright serve shop.yaml --seed --rate-limits off &
  U=http://localhost:8080
  archwright test shop.yaml --url $U
  archwright test shop.yaml --url $U --only 'orders.place/*'
  archwright test shop.yaml --url $U --format junit > report.xml
  archwright test shop.yaml --url http://localhost:3000 \\
    --sign-in customer=ann@shop.test:secret-one \\
    --sign-in customer=ben@shop.test:secret-two \\
    --sign-in staff=sue@shop.test:secret-three
  archwright test shop.yaml --list

Exit status: 0 when no case failed, 1 when one did, when no call of an operation
is found that succeeds, or when the design has errors, 2 when the cases could
not be run, or not all of them: SIGINT and SIGTERM stop a run, which then
reports what it has; a second one does not wait.";

#[derive(Args)]
pub struct TestArguments {
    /// A design file, or a folder of them
    path: PathBuf,
    /// The root of the server, such as http://localhost:8080; of copies of it, each: they are asked in turn
    #[arg(long, required_unless_present = "list")]
    url: Vec<String>,
    /// A test account; may be given many times
    #[arg(long, value_name = "ROLE=NAME:PASSWORD", value_parser = sign_in)]
    sign_in: Vec<SignIn>,
    /// What signs access tokens: the key itself, or @FILE; see below
    #[arg(long, value_name = "KEY", value_parser = signing_key)]
    signing_key: Option<TokenKey>,
    /// An access token of a test account that has expired
    #[arg(long, value_name = "TOKEN")]
    expired_token: Option<String>,
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
    /// Only cases whose name has this in it; with `*`, only those whose whole name fits
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// Print the names of the cases and what each proves, and run none
    #[arg(long)]
    list: bool,
    /// Makes the same values again; the seed of a run is printed at its end
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum TestFormat {
    Text,
    Json,
    Junit,
}

fn sign_in(text: &str) -> Result<SignIn, String> {
    let form = || "write ROLE=NAME:PASSWORD, such as staff=sue@example.com:secret".to_owned();
    let (role, rest) = text.split_once('=').ok_or_else(form)?;
    let (name, password) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\":"),
        None => rest.split_once(':'),
    }
    .ok_or_else(form)?;
    if role.is_empty() || name.is_empty() || password.is_empty() {
        return Err(form());
    }
    Ok(SignIn {
        role: role.to_owned(),
        name: name.to_owned(),
        password: password.to_owned(),
    })
}

/// The key, or what the file of that name holds, so that it stands in no list of processes.
fn signing_key(text: &str) -> Result<TokenKey, String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(TokenKey::new(text));
    };
    let read =
        std::fs::read_to_string(path).map_err(|error| format!("can't read {path}: {error}"))?;
    Ok(TokenKey::new(&read))
}

fn key_of_environment() -> Option<TokenKey> {
    let keys = std::env::var("ARCHWRIGHT_SIGNING_KEYS").ok();
    let keys = keys.filter(|keys| !keys.trim().is_empty());
    keys.map(|keys| TokenKey::new(&keys))
}

pub fn test(arguments: TestArguments) -> Result<ExitCode> {
    let checked = checked(&arguments.path)?;
    let Some(model) = checked.model else {
        let format = Format::Text(paint(std::io::stderr().is_terminal()));
        eprint!("{}", render(format, &checked.sources, &checked.diagnostics));
        return Ok(ExitCode::FAILURE);
    };
    let plan = archwright_plan::plan(model);
    if arguments.list {
        list(&plan, arguments.only.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    known_roles(&plan, &arguments.sign_in)?;
    let only = arguments.only.as_deref();
    if !derive(&plan).iter().any(|case| is_wanted(&case.name, only)) {
        bail!("no case has such a name; --list prints the names");
    }
    let options = Options {
        urls: arguments.url,
        sign_ins: match arguments.sign_in.is_empty() {
            true => default_sign_ins(&plan),
            false => arguments.sign_in,
        },
        secrets: TokenSecrets {
            key: arguments.signing_key.or_else(key_of_environment),
            expired_token: arguments.expired_token,
        },
        only: arguments.only,
        seed: arguments.seed.unwrap_or_else(a_seed),
        stop: Stop::default(),
    };
    let report = progressing(&plan, &options)?;
    let places = |span: Span| place(&checked.sources, span);
    match arguments.format {
        TestFormat::Text => {
            let text = archwright_suite::text(&report, &places);
            print(&format!("{text}seed {}\n", options.seed))?;
        }
        TestFormat::Json => {
            let json = archwright_suite::json(&report, &places);
            print(&format!("{}\n", serde_json::to_string_pretty(&json)?))?;
        }
        TestFormat::Junit => print(&archwright_suite::junit(&report, &places))?,
    }
    if report.left > 0 {
        return Ok(ExitCode::from(2));
    }
    Ok(match report.failed() == 0 && report.unproven().is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn list(plan: &Plan, only: Option<&str>) -> Result<()> {
    let mut text = String::new();
    for case in derive(plan)
        .iter()
        .filter(|case| is_wanted(&case.name, only))
    {
        text.push_str(&format!("{}\n    {}\n", case.name, case.reason));
    }
    print(&text)
}

fn known_roles(plan: &Plan, sign_ins: &[SignIn]) -> Result<()> {
    let names: Vec<&str> = plan.model.roles.iter().map(|role| &role.name[..]).collect();
    for SignIn { role, .. } in sign_ins {
        if role != "none" && !names.contains(&&role[..]) {
            let known = match names.is_empty() {
                true => "the design has no roles".to_owned(),
                false => format!("the design has {}", names.join(", ")),
            };
            bail!("there is no role {role:?}: {known}, and `none` stands for no role");
        }
    }
    Ok(())
}

/// Another one for each run, so that a database can be tested again.
fn a_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| since.as_millis() as u64 % 1_000_000_000)
}

fn place(sources: &Sources, span: Span) -> String {
    let (line, column) = sources.line_column(span);
    format!("{}:{line}:{column}", sources.get(span.file).path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str, &str)>) {
        let read = sign_in(text).ok();
        let read = read.as_ref().map(|read| {
            let SignIn {
                role,
                name,
                password,
            } = read;
            (role.as_str(), name.as_str(), password.as_str())
        });
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn names_with_a_colon_stand_in_quotes() {
        check("staff=sue@a.test:p:q", Some(("staff", "sue@a.test", "p:q")));
        let quoted = Some(("member", "@ann:a.test", "p:\"q"));
        check("member=\"@ann:a.test\":p:\"q", quoted);
        check("member=\"@ann:a.test", None);
        check("member=\"\":p", None);
        check("member=ann", None);
    }
}
