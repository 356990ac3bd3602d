//! Requests that the copies of a server count together, in Redis. While Redis is away, each copy counts for itself: a
//! request is never refused, nor kept waiting for long, because of it.

use super::Key;
use crate::Redis;
use archwright_plan::model::Rate;
use prometheus_client::metrics::gauge::Gauge;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, ServerErrorKind, cmd};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How often somebody looks whether Redis is there.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

const TAKE: &str = include_str!("take.lua");

pub(crate) struct Shared {
    client: Client,
    patience: Duration,
    /// What the names of all keys begin with, so that other designs have others.
    prefix: String,
    /// Absent while Redis is away.
    live: RwLock<Option<Arc<Live>>>,
    /// 1 while Redis is there.
    pub up: Gauge,
}

/// A connection that all requests share, and the script as Redis calls it.
struct Live {
    connection: MultiplexedConnection,
    script: String,
}

/// What became of a request that was counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// So many more are left.
    Allowed(u32),
    /// One is given back after this.
    Refused(Duration),
}

impl Shared {
    /// The error says nothing of the URL, which may hold a password.
    pub(crate) fn new(redis: &Redis, design: &str) -> Result<Self, String> {
        let client = Client::open(redis.url.as_str()).map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            patience: redis.patience,
            prefix: format!("archwright:{design}"),
            live: RwLock::default(),
            up: Gauge::default(),
        })
    }

    pub(crate) fn is_up(&self) -> bool {
        self.live().is_some()
    }

    /// Counts a request, or gives nothing while Redis is away.
    pub(crate) async fn take(&self, class: &str, key: Key, rate: &Rate) -> Option<Taken> {
        let live = self.live()?;
        let key = match key {
            Key::Account(id) => format!("{}:rate:{class}:account:{id:x}", self.prefix),
            Key::Address(bits) => format!("{}:rate:{class}:address:{bits:x}", self.prefix),
        };
        match live.take(&key, rate).await {
            Ok(taken) => Some(taken),
            Err(error) => {
                self.lose(&live, &error);
                None
            }
        }
    }

    /// Sees whether Redis is there, and connects where it was not.
    pub(crate) async fn look(&self) {
        match self.live() {
            Some(live) => {
                if let Err(error) = self.probe(&live).await {
                    self.lose(&live, &error);
                }
            }
            None => {
                if let Ok(live) = self.connect().await {
                    self.keep(live);
                    tracing::warn!("Redis is there again: the copies count rate limits together");
                }
            }
        }
    }

    /// The first connection, for which nobody waits long. Redis may be away, but what it refuses for good is no outage.
    pub(crate) async fn start(&self) -> Result<(), String> {
        match self.connect().await {
            Ok(live) => self.keep(live),
            Err(error) if is_for_good(&error) => return Err(error.to_string()),
            Err(error) => tell_away(&error),
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Live, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIME.max(self.patience)))
            .set_response_timeout(Some(self.patience));
        let connect = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let mut connection = connect.await?;
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(TAKE);
        let script = load.query_async(&mut connection).await?;
        let live = Live { connection, script };
        self.probe(&live).await?;
        Ok(live)
    }

    /// What requests do: one that may only be read from would refuse it.
    async fn probe(&self, live: &Live) -> Result<(), RedisError> {
        let rate = Rate {
            count: 1_000,
            per_seconds: 1,
        };
        let key = format!("{}:probe", self.prefix);
        live.take(&key, &rate).await.map(drop)
    }

    fn live(&self) -> Option<Arc<Live>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone()
    }

    fn keep(&self, live: Live) {
        let mut kept = self.live.write().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Arc::new(live));
        self.up.set(1);
    }

    /// Once for all requests that were on the connection.
    fn lose(&self, lost: &Arc<Live>, error: &RedisError) {
        let mut kept = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|live| Arc::ptr_eq(live, lost)) {
            *kept = None;
            self.up.set(0);
            tell_away(error);
        }
    }
}

impl Live {
    async fn take(&self, key: &str, rate: &Rate) -> Result<Taken, RedisError> {
        let interval = rate.per_seconds as f64 * 1e6 / rate.count as f64;
        let mut evaluate = cmd("EVALSHA");
        evaluate
            .arg(&self.script)
            .arg(1)
            .arg(key)
            .arg(interval)
            .arg(rate.count);
        let mut connection = self.connection.clone();
        let (wait, left): (u64, u32) = evaluate.query_async(&mut connection).await?;
        Ok(match wait {
            0 => Taken::Allowed(left),
            wait => Taken::Refused(Duration::from_micros(wait)),
        })
    }
}

/// A wrong password, a database that is not there, a command that the user may not give.
fn is_for_good(error: &RedisError) -> bool {
    // It has all connections that it takes: one will be free.
    let is_full = |detail: &str| detail.contains("max number of clients");
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => true,
        ErrorKind::Server(ServerErrorKind::NoPerm) => true,
        ErrorKind::Server(ServerErrorKind::ResponseError) => !error.detail().is_some_and(is_full),
        _ => matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
    }
}

fn tell_away(error: &RedisError) {
    tracing::warn!(%error, "Redis is away: each copy of the server counts rate limits for itself");
}
