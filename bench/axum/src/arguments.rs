//! `--database URL --port PORT [--key X] [--connections N]`

use anyhow::{Context, Result, bail};
use jsonwebtoken::DecodingKey;

pub struct Arguments {
    pub database: Database,
    pub port: u16,
    /// That access tokens are signed with.
    pub key: DecodingKey,
    pub connections: usize,
    /// Serves Conduit's article list rather than the bookshop.
    pub conduit: bool,
}

pub enum Database {
    Sqlite(String),
    Postgres(String),
}

impl Arguments {
    pub fn read() -> Result<Self> {
        let (mut database, mut port, mut key) = (None, 8080, String::new());
        let (mut connections, mut conduit) = (8, false);
        let mut given = std::env::args().skip(1);
        while let Some(name) = given.next() {
            if name == "--conduit" {
                conduit = true;
                continue;
            }
            let value = given
                .next()
                .with_context(|| format!("{name} has no value"))?;
            match name.as_str() {
                "--database" => database = Some(value),
                "--port" => port = value.parse()?,
                "--key" => key = value,
                "--connections" => connections = value.parse()?,
                _ => bail!("there is no argument {name}"),
            }
        }
        let database = database.context("--database is missing")?;
        let database = match database.strip_prefix("sqlite://") {
            Some(path) => Database::Sqlite(path.to_owned()),
            None => Database::Postgres(database),
        };
        let key = DecodingKey::from_ed_components(&key)?;
        Ok(Self {
            database,
            port,
            key,
            connections,
            conduit,
        })
    }
}
