//! What is said when a server is ready.

use super::Place;
use super::arguments::StartFormat;
use crate::input::print;
use anyhow::Result;
use archwright_server::{SeededAccount, Seeding, Server, shown_url};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::net::SocketAddr;

pub fn announce(
    name: &str,
    server: &Server,
    place: &Place,
    bare: &[String],
    format: Option<StartFormat>,
) -> Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let as_text = format.map_or(terminal, |format| format == StartFormat::Text);
    match as_text {
        true => print(&start_text(name, server, place, bare)),
        false => print(&format!("{}\n", start_line(name, server, place, bare))),
    }
}

/// One line for programs.
fn start_line(name: &str, server: &Server, place: &Place, bare: &[String]) -> Value {
    let accounts = server.accounts().iter().map(|account| {
        json!({ "role": account.role, "sign_in": account.sign_in, "password": account.password })
    });
    let mut line = json!({
        "event": "ready",
        "design": name,
        "url": url(server.address()),
        "port": server.address().port(),
        "database": shown_url(&place.url),
        "created": server.made_schema(),
    });
    if let Seeding::Filled(rows) = server.seeding() {
        line["seeded_rows"] = rows.into();
        if !bare.is_empty() {
            line["unseeded"] = bare.into();
        }
    }
    if server.seeding() != Seeding::NotAsked {
        line["sign_ins"] = accounts.collect();
    }
    line
}

fn start_text(name: &str, server: &Server, place: &Place, bare: &[String]) -> String {
    let url = url(server.address());
    let state = match server.made_schema() {
        true => "new",
        false => "was there before",
    };
    let rows = match server.seeding() {
        Seeding::NotAsked => String::new(),
        Seeding::Filled(rows) if bare.is_empty() => format!("  rows        {rows} made up\n"),
        Seeding::Filled(rows) => format!(
            "  rows        {rows} made up, but none of {}: no row was found that keeps its rules; write some under `seed`\n",
            bare.join(", ")
        ),
        Seeding::NotEmpty => {
            "  rows        nothing made up: the database has rows already\n".to_owned()
        }
    };
    format!(
        "{name} is ready.\n\n  \
         start page  {url}/\n  \
         reference   {url}/reference\n  \
         database    {} ({state})\n\
         {rows}\n{}\
         Ctrl+C stops it.\n",
        place.shown,
        sign_in_table(server.accounts())
    )
}

fn sign_in_table(accounts: &[SeededAccount]) -> String {
    if accounts.is_empty() {
        return String::new();
    }
    let heads = ["role", "sign in as", "password"];
    let rows = accounts
        .iter()
        .map(|one| [&*one.role, &*one.sign_in, &*one.password]);
    let rows: Vec<[&str; 3]> = std::iter::once(heads).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let line = |[role, sign_in, password]: &[&str; 3]| {
        format!("  {role:<first$}  {sign_in:<second$}  {password}\n")
    };
    rows.iter().map(line).chain(["\n".to_owned()]).collect()
}

/// What a browser can open.
fn url(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://127.0.0.1:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

pub fn warn_of_open_doors(server: &Server) {
    if !server.accounts().is_empty() && !server.address().ip().is_loopback() {
        eprintln!(
            "warning: whoever reaches {} can sign in as each of the seeded accounts",
            server.address()
        );
    }
}
