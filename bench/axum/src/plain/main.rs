//! The server that a good developer writes without measuring: handlers, a pool, structs that serde prints.

mod auth;
mod error;
mod model;
mod postgres;
mod sqlite;

use anyhow::Result;
use archwright_bench_axum::arguments::{Arguments, Database};
use auth::Tokens;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let tokens = Tokens::new(arguments.key);
    let router = match (&arguments.database, arguments.conduit) {
        (Database::Postgres(url), false) => postgres::bookshop(url, arguments.connections, tokens)?,
        (Database::Postgres(url), true) => postgres::conduit(url, arguments.connections)?,
        (Database::Sqlite(path), false) => sqlite::bookshop(path, arguments.connections, tokens)?,
        (Database::Sqlite(path), true) => sqlite::conduit(path, arguments.connections)?,
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        }),
        router,
    )
    .await?;
    Ok(())
}
