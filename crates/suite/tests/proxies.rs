//! What no change of a plan shows: a right server behind a proxy that spoils its replies.
#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

mod common;

use common::{example, failed, serve, suite_at};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request or a reply: its head, and its body.
#[derive(Clone, Debug)]
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Message {
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 8_192];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
                break end;
            }
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut body = bytes[end + 4..].to_vec();
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = lengths
            .next()
            .map_or(0, |(_, length)| length.parse().unwrap());
        while body.len() < length {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(count) => body.extend_from_slice(&chunk[..count]),
            }
        }
        Some(Self { head, body })
    }

    /// Without these headers, and with one more.
    fn replace(&mut self, dropped: &[&str], added: &str) {
        let kept = self.head.lines().filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_lowercase();
            !dropped.contains(&name.as_str())
        });
        let kept: Vec<&str> = kept.collect();
        self.head = format!("{}\r\n{added}", kept.join("\r\n"));
    }

    fn write(&self, stream: &mut TcpStream) {
        let _ = stream.write_all(format!("{}\r\n\r\n", self.head.trim_end()).as_bytes());
        let _ = stream.write_all(&self.body);
    }
}

type Spoil = Arc<dyn Fn(&mut Message, &dyn Fn(&Message) -> Message) -> Message + Send + Sync>;

/// Answers with what the server answers, spoiled; one request for each connection.
fn proxy(server: SocketAddr, spoil: Spoil) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let spoil = spoil.clone();
            std::thread::spawn(move || {
                let mut stream = stream;
                let Some(mut request) = Message::read(&mut stream) else {
                    return;
                };
                let ask = |request: &Message| {
                    let mut request = request.clone();
                    request.replace(&["connection"], "connection: close");
                    let mut upstream = TcpStream::connect(server).unwrap();
                    request.write(&mut upstream);
                    Message::read(&mut upstream).unwrap()
                };
                let mut reply = spoil(&mut request, &ask);
                let length = format!("connection: close\r\ncontent-length: {}", reply.body.len());
                reply.replace(&["connection", "content-length"], &length);
                reply.write(&mut stream);
            });
        }
    });
    address
}

#[track_caller]
fn check(rule: &str, spoil: Spoil) {
    let plan = example("bookshop");
    let server = serve(plan.clone(), &plan);
    let honest = proxy(server.address, Arc::new(|request, ask| ask(request)));
    let report = suite_at(&plan, &server, honest, Some(rule));
    assert_eq!(failed(&report), [""; 0], "{:#?}", report.results);
    let spoiled = proxy(server.address, spoil);
    let report = suite_at(&plan, &server, spoiled, Some(rule));
    assert!(report.failed() > 0, "{rule}: {:#?}", report.results);
}

#[test]
fn a_dropped_version() {
    check(
        "authors.get/happy",
        Arc::new(|request, ask| {
            let mut reply = ask(request);
            reply.replace(&["etag"], "x-nothing: 1");
            reply
        }),
    );
}

#[test]
fn an_error_that_tells_what_is_inside() {
    check(
        "authors.get/no-such-row",
        Arc::new(|request, ask| {
            let mut reply = ask(request);
            if reply.head.contains(" 404 ") {
                let body = String::from_utf8_lossy(&reply.body).into_owned();
                reply.body = body
                    .replace("There is no", "SELECT name FROM authors gave no")
                    .into_bytes();
            }
            reply
        }),
    );
}

#[test]
fn a_row_that_comes_twice() {
    let first: Arc<Mutex<Option<serde_json::Value>>> = Arc::default();
    check(
        "authors.list/page/whole",
        Arc::new(move |request, ask| {
            let mut reply = ask(request);
            let is_page = request.head.starts_with("GET /v1/authors?limit=2");
            let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(&reply.body) else {
                return reply;
            };
            if is_page && !request.head.contains("cursor=") {
                *first.lock().unwrap() = Some(json["data"][1].clone());
            } else if is_page && let Some(row) = first.lock().unwrap().take() {
                json["data"][0] = row;
                reply.body = json.to_string().into_bytes();
            }
            reply
        }),
    );
}

/// Takes a token without a signature for the last good one.
#[test]
fn a_token_without_a_signature() {
    let good: Arc<Mutex<String>> = Arc::default();
    check(
        "tokens/alg-none",
        Arc::new(move |request, ask| {
            let lines: Vec<String> = request.head.lines().map(str::to_owned).collect();
            let token = lines
                .iter()
                .find(|line| line.to_lowercase().starts_with("authorization:"));
            match token {
                Some(token) if token.ends_with('.') => {
                    let known = good.lock().unwrap().clone();
                    request.replace(&["authorization"], &known);
                }
                Some(token) => *good.lock().unwrap() = token.clone(),
                None => {}
            }
            ask(request)
        }),
    );
}
