//! Requests over HTTP, and their replies.

use serde_json::Value as Json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http;

const TIMEOUT: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(3);
/// A rate limit is waited for at most this long in all, by one request.
const PATIENCE: Duration = Duration::from_secs(130);
/// A longer reply than this is not read to its end.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How long nobody looks whether the run is to stop, while a rate limit is waited for.
const NAP: Duration = Duration::from_millis(100);

/// Asks a run to stop, from another thread: what it has until then is reported.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What can be sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: &'static str,
    /// From the root, with the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Payload,
}

#[derive(Clone, Debug, Default)]
pub enum Payload {
    #[default]
    Nothing,
    Json(Json),
    Bytes {
        media_type: String,
        bytes: Vec<u8>,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
    /// The body, where it is JSON.
    pub json: Option<Json>,
}

impl Request {
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            ..Self::default()
        }
    }

    pub fn json(mut self, body: Json) -> Self {
        self.body = Payload::Json(body);
        self
    }

    pub fn bytes(mut self, media_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        self.body = Payload::Bytes {
            media_type: media_type.into(),
            bytes,
        };
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// For people; what signs in is left out.
    pub fn shown(&self) -> String {
        let mut shown = format!("{} {}", self.method, self.path);
        for (name, value) in &self.headers {
            match name.as_str() {
                "authorization" => shown.push_str(&format!("\n{name}: …")),
                _ => shown.push_str(&format!("\n{name}: {value}")),
            }
        }
        match &self.body {
            Payload::Nothing => {}
            Payload::Json(json) => shown.push_str(&format!("\n{}", masked(json))),
            Payload::Bytes { media_type, bytes } => {
                shown.push_str(&format!("\n{} bytes of {media_type}", bytes.len()));
            }
        }
        shown
    }
}

/// Without passwords and tokens.
fn masked(json: &Json) -> Json {
    let mut json = json.clone();
    for (name, value) in json.as_object_mut().into_iter().flatten() {
        *value = match (name.contains("password") || name.contains("token")) && value.is_string() {
            true => "…".into(),
            false => masked(value),
        };
    }
    json
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The code of a problem reply.
    pub fn code(&self) -> Option<&str> {
        self.json.as_ref()?.get("code")?.as_str()
    }

    /// For people.
    pub fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let text = crate::wire::shortened(&text, 2_000);
        match text.is_empty() {
            true => self.status.to_string(),
            false => format!("{} {text}", self.status),
        }
    }
}

/// A server, known by its URL, or copies of it by theirs, which are asked in turn.
pub struct Client {
    agent: Agent,
    bases: Vec<String>,
    pub sent: usize,
    /// For rate limits.
    pub waited: Duration,
    /// Then nothing is sent any more.
    pub stop: Stop,
}

impl Client {
    /// The URLs are those of the roots of the copies.
    pub fn new(urls: &[String]) -> Result<Self, String> {
        if urls.is_empty() {
            return Err("the suite needs the URL of a server".to_owned());
        }
        Ok(Self {
            agent: agent(),
            bases: urls.iter().map(|url| base(url)).collect::<Result<_, _>>()?,
            sent: 0,
            waited: Duration::ZERO,
            stop: Stop::default(),
        })
    }

    /// Sends, and sends again after a rate limit.
    pub fn send(&mut self, request: &Request) -> Result<Reply, String> {
        let begun = Instant::now();
        loop {
            if self.stop.is_asked() {
                return Err("the run is stopped".to_owned());
            }
            let reply = self.once(request)?;
            self.sent += 1;
            if reply.status >= 400 && !matches!(request.body, Payload::Nothing) {
                // A server that refuses before it has read the body may close the connection.
                self.agent = agent();
            }
            let wait = reply
                .header("retry-after")
                .and_then(|seconds| seconds.parse().ok());
            let wait = Duration::from_secs(wait.unwrap_or(1));
            if reply.status != 429 || begun.elapsed() + wait > PATIENCE {
                return Ok(reply);
            }
            self.wait(wait);
        }
    }

    fn wait(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time && !self.stop.is_asked() {
            std::thread::sleep(NAP.min(time));
        }
        self.waited += begun.elapsed();
    }

    fn once(&self, request: &Request) -> Result<Reply, String> {
        let base = &self.bases[self.sent % self.bases.len()];
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(format!("{base}{}", request.path));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let failed = |error: String| format!("{} {}: {error}", request.method, request.path);
        let sent = match &request.body {
            // Without a length, nobody would know that there is no body.
            Payload::Nothing if matches!(request.method, "POST" | "PUT") => {
                let built = builder.body(Vec::<u8>::new());
                self.agent
                    .run(built.map_err(|error| failed(error.to_string()))?)
            }
            Payload::Nothing => {
                let built = builder
                    .body(())
                    .map_err(|error| failed(error.to_string()))?;
                self.agent.run(built)
            }
            Payload::Json(json) => {
                let builder = builder.header("content-type", "application/json");
                let built = builder
                    .body(json.to_string())
                    .map_err(|error| failed(error.to_string()))?;
                self.agent.run(built)
            }
            Payload::Bytes { media_type, bytes } => {
                if !media_type.is_empty() {
                    builder = builder.header("content-type", media_type);
                }
                let built = builder
                    .body(bytes.clone())
                    .map_err(|error| failed(error.to_string()))?;
                self.agent.run(built)
            }
        };
        let mut response = sent.map_err(|error| match unreachable(&error) {
            Some(reason) => format!("can't reach {base}: {reason}"),
            None => failed(error.to_string()),
        })?;
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect();
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MOST_BYTES);
        let bytes = body
            .read_to_vec()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Reply {
            status,
            headers,
            json: serde_json::from_slice(&bytes).ok(),
            bytes,
        })
    }
}

/// The root of a server, without the slash at its end.
fn base(url: &str) -> Result<String, String> {
    let base = url.trim_end_matches('/');
    let Some(rest) = base.strip_prefix("http://") else {
        let advice =
            "the URL must begin with http://; a server behind TLS is tested at its plain port";
        return Err(advice.to_owned());
    };
    if rest.is_empty() || rest.contains(['/', '?', '#']) {
        let advice = "the URL must be that of the server's root, such as http://localhost:8080";
        return Err(advice.to_owned());
    }
    Ok(base.to_owned())
}

/// Why no connection was made, if that is what went wrong.
fn unreachable(error: &ureq::Error) -> Option<String> {
    match error {
        ureq::Error::Io(error) => {
            let refused = error.kind() == std::io::ErrorKind::ConnectionRefused;
            refused.then(|| "nothing listens there".to_owned())
        }
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => Some(error.to_string()),
        _ => None,
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        // A server closes connections that nobody uses for a while.
        .max_idle_age(IDLE)
        .allow_non_standard_methods(true)
        .proxy(None)
        .user_agent("archwright-test")
        .build();
    config.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_root_of_a_plain_server_is_taken() {
        assert!(Client::new(&["http://localhost:8080/".to_owned()]).is_ok());
        assert!(Client::new(&[]).is_err());
        for url in [
            "localhost:8080",
            "https://example.com",
            "http://localhost/v1",
            "http://",
        ] {
            assert!(Client::new(&[url.to_owned()]).is_err(), "{url}");
        }
    }

    #[test]
    fn what_signs_in_is_not_shown() {
        let request = Request::new("POST", "/v1/auth/sign-in")
            .header("authorization", "Bearer abc")
            .json(serde_json::json!({"email": "a@example.com", "user": {"password": "secret"}}));
        let shown = request.shown();
        assert!(
            !shown.contains("abc") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
