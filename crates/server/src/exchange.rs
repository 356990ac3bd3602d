//! One request and its reply, as logs and metrics see it.

use crate::limits::Standing;
use crate::metrics::{Metrics, NO_OPERATION};
use crate::trace::Trace;
use http::{Method, Request, StatusCode};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

static NOTHING: LazyLock<Arc<str>> = LazyLock::new(|| NO_OPERATION.into());

pub(crate) struct Exchange {
    pub trace: Trace,
    pub address: IpAddr,
    /// The path as the design has it; never the path itself, which may hold what nobody should read in a log.
    pub template: Arc<str>,
    pub operation: Arc<str>,
    pub account: Option<String>,
    pub standing: Option<Standing>,
    /// Probes come every few seconds, and say nothing unless they fail.
    pub is_probe: bool,
    method: Method,
    began: Instant,
}

impl Exchange {
    pub(crate) fn begin<B>(request: &Request<B>, address: IpAddr) -> Self {
        Self {
            trace: Trace::of(request.headers()),
            address,
            template: NOTHING.clone(),
            operation: NOTHING.clone(),
            account: None,
            standing: None,
            is_probe: false,
            method: request.method().clone(),
            began: Instant::now(),
        }
    }

    /// Counts and logs the exchange.
    pub(crate) fn end(self, metrics: &Metrics, status: StatusCode) {
        let took = self.began.elapsed();
        metrics.record(&self.operation, status.as_u16(), took);
        if self.is_probe && status.is_success() {
            return;
        }
        let parent = self.trace.traceparent.as_ref();
        tracing::info!(
            target: crate::log::REQUESTS,
            method = self.method.as_str(),
            path = &*self.template,
            operation = &*self.operation,
            status = status.as_u16(),
            ms = (took.as_secs_f64() * 1e6).round() / 1e3,
            request_id = self.trace.request_id.as_str(),
            account = self.account.as_deref(),
            traceparent = parent.and_then(|parent| parent.to_str().ok()),
        );
    }
}
