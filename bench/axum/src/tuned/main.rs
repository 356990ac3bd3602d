//! The fastest server that we could write by hand: no struct between a row and its JSON, few connections, everything
//! prepared, statements that don't wait for each other sent together, tokens verified once.

mod auth;
mod postgres;
mod reply;
mod sqlite;
mod writer;

use anyhow::Result;
use archwright_bench_axum::arguments::{Arguments, Database};
use auth::Tokens;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // One thread has nobody to share its tasks with.
    let mut runtime = match cores {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    runtime
        .enable_all()
        .build()?
        .block_on(serve(Arguments::read()?))
}

async fn serve(arguments: Arguments) -> Result<()> {
    let tokens = Tokens::new(arguments.key);
    let router = match (&arguments.database, arguments.conduit) {
        (Database::Postgres(url), false) => postgres::bookshop(url, tokens).await?,
        (Database::Postgres(url), true) => postgres::conduit(url).await?,
        (Database::Sqlite(path), false) => sqlite::bookshop(path, tokens)?,
        (Database::Sqlite(path), true) => sqlite::conduit(path),
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}
