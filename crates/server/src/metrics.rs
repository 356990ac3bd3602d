//! Figures for Prometheus: requests by operation and status, their time, those in flight, the build.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// From a tenth of a millisecond to ten seconds.
const BUCKETS: [f64; 15] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// Requests that reach no operation are counted under this name, so that made-up paths can't fill the memory.
pub(crate) const NO_OPERATION: &str = "none";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    operation: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    operation: Arc<str>,
}

pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    durations: Family<Timed, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
}

impl Metrics {
    /// `redis` is 1 while Redis is there; absent where the server has none.
    pub(crate) fn new(design: &str, redis: Option<&Gauge>) -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let durations: Family<Timed, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let in_flight = Gauge::default();
        registry.register(
            "http_requests",
            "Requests by operation and status",
            requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from the request's head to its reply's",
            durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            in_flight.clone(),
        );
        if let Some(redis) = redis {
            let help = "Whether rate limits are counted in Redis, by all copies together";
            registry.register("redis_up", help, redis.clone());
        }
        let build = Info::new(vec![
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("design", design.to_owned()),
        ]);
        registry.register("build", "What is running", build);
        Self {
            registry,
            requests,
            durations,
            in_flight,
        }
    }

    /// Counts a request as in flight for as long as the value lives.
    pub(crate) fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub(crate) fn record(&self, operation: &Arc<str>, status: u16, took: Duration) {
        let outcome = Outcome {
            operation: operation.clone(),
            status,
        };
        self.requests.get_or_create(&outcome).inc();
        let timed = Timed {
            operation: operation.clone(),
        };
        self.durations
            .get_or_create(&timed)
            .observe(took.as_secs_f64());
    }

    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
