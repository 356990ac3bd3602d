//! A server on a free port, and a client that speaks HTTP/1.1 over real TCP.

use archwright_plan::Plan;
use archwright_seed::{SeedOptions, rows, sign_ins};
use archwright_server::{
    ClientAddress, Environment, RateLimits, Secrets, Seed, SeededAccount, Server, ServerOptions,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// 2026-11-24T10:00:00.000Z
const NOW: i64 = 1_795_514_400_000;

pub fn plan(design: &str) -> Plan {
    let reading = archwright_design::read(&[("design.yaml".to_owned(), design.into())]);
    planned(reading)
}

/// The design in a folder of `examples`.
pub fn example(name: &str) -> Plan {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name);
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    });
    planned(archwright_design::read(&files.collect::<Vec<_>>()))
}

fn planned(reading: archwright_design::Reading) -> Plan {
    let (model, diagnostics) = archwright_model::check(&reading);
    let said: Vec<&str> = diagnostics.iter().map(|one| one.message.as_str()).collect();
    archwright_plan::plan(model.unwrap_or_else(|| panic!("{said:#?}")))
}

/// A server that runs until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Running {
    /// Tells the server to stop; gives what ends when it has.
    pub fn stop(&mut self) -> &mut JoinHandle<()> {
        self.stop.take().unwrap().send(()).unwrap();
        &mut self.task
    }
}

/// Without limits on rates, with a database in memory.
pub fn options(folder: &tempfile::TempDir) -> ServerOptions {
    ServerOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        environment: Environment::Development,
        data_dir: folder.path().to_owned(),
        database_url: "sqlite::memory:".to_owned(),
        redis: None,
        rate_limits: RateLimits::Off,
        client_address: ClientAddress::Peer,
        public_url: None,
        issuer: None,
        seed: None,
        secrets: Secrets::random().unwrap(),
    }
}

pub async fn serve(plan: Plan) -> Running {
    serve_with(plan, |_| {}).await
}

pub async fn serve_with(plan: Plan, change: impl FnOnce(&mut ServerOptions)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder);
    change(&mut options);
    let server = Server::bind(plan, options).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    Running {
        address: server.address(),
        stop: Some(stop),
        task: tokio::spawn(server.run(async move {
            // The sender may be dropped with the test.
            let _ = stopped.await;
        })),
        _folder: folder,
    }
}

/// With plausible rows, and accounts for each role.
pub async fn serve_seeded(plan: Plan) -> Running {
    let seed = seed(&plan);
    serve_with(plan, |options| options.seed = Some(seed)).await
}

pub fn seed(plan: &Plan) -> Seed {
    let options = SeedOptions {
        seed: 1,
        now_ms: NOW,
        scale: 1,
    };
    let rows = rows(plan, &options).unwrap();
    let accounts = sign_ins(&rows, plan).into_iter().map(|one| SeededAccount {
        role: one.role_name,
        sign_in: one.sign_in,
        password: one.password,
    });
    Seed {
        accounts: accounts.collect(),
        rows,
        progress: Box::new(|_| {}),
    }
}

// ---- requests ------------------------------------------------------------------------------------------------------

pub struct Reply {
    pub status: u16,
    pub headers: hyper::HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

/// A request to be changed before it is sent.
pub struct Ask {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Running {
    pub fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Ask {
        self.ask("POST", path).json(body)
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask {
            address: self.address,
            method: method.parse().unwrap(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The access token of the seeded account that stands for a role.
    pub async fn token(&self, role: &str) -> String {
        let path = format!("/dev/sign-in/{role}");
        let reply = self.ask("POST", &path).send().await.expect(200);
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn token(self, token: &str) -> Self {
        let value = format!("Bearer {token}");
        self.header("authorization", &value)
    }

    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub fn patch(self, body: Value) -> Self {
        let media_type = "application/merge-patch+json";
        self.header("content-type", media_type)
            .body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(self.method).uri(self.path);
        let named = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        if !named("host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}
