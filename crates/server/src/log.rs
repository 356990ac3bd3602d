//! The log: a line of JSON for each event in a pipe, short lines in a terminal.

use crate::metrics::NO_OPERATION;
use std::fmt;
use std::io::IsTerminal;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The target of the line that each request gets.
pub(crate) const REQUESTS: &str = "archwright::requests";

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// A line for each request, and everything that goes wrong.
    Requests,
    /// What goes wrong.
    Problems,
}

/// Logs to standard error from now on. Does nothing where a log was set up before.
pub fn start_log(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Requests => Level::INFO,
        Verbosity::Problems => Level::WARN,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr);
    let _ = match std::io::stderr().is_terminal() {
        true => builder.event_format(Short).try_init(),
        false => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
    };
}

/// `GET   /v1/books  200  0.4 ms`
struct Short;

impl<S, N> FormatEvent<S, N> for Short
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.metadata().target() == REQUESTS {
            return fields.request(&mut writer);
        }
        write!(
            writer,
            "{}: {}",
            event.metadata().level(),
            fields.take("message")
        )?;
        for (name, value) in fields.0 {
            write!(writer, " {name}={value}")?;
        }
        writeln!(writer)
    }
}

#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn take(&mut self, name: &str) -> String {
        let found = self.0.iter().position(|(known, _)| *known == name);
        found
            .map(|index| self.0.remove(index).1)
            .unwrap_or_default()
    }

    fn request(mut self, writer: &mut Writer<'_>) -> fmt::Result {
        let (method, mut path) = (self.take("method"), self.take("path"));
        if path == NO_OPERATION {
            "(nothing is there)".clone_into(&mut path);
        }
        let (status, took) = (self.take("status"), self.take("ms"));
        let colour = match status.as_bytes().first() {
            Some(b'5') => "\x1b[31m",
            Some(b'4') => "\x1b[33m",
            _ => "\x1b[32m",
        };
        let (colour, plain) = match writer.has_ansi_escapes() {
            true => (colour, "\x1b[0m"),
            false => ("", ""),
        };
        writeln!(
            writer,
            "{method:<7} {colour}{status}{plain} {took:>8} ms  {path}"
        )
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }
}
