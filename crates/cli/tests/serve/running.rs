//! `archwright serve` in a process of its own.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

pub const NOTES: &str = "archwright: 1
name: notes
entities:
  Note:
    fields:
      title: string(1..120)
    allow: { read: anyone, write: anyone }
";

pub fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archwright"));
    command.arg("serve").args(arguments).current_dir(folder);
    for name in [
        "SIGNING_KEYS",
        "FIELD_KEYS",
        "INDEX_KEY",
        "LINK_KEY",
        "REDIS_URL",
    ] {
        command.env_remove(format!("ARCHWRIGHT_{name}"));
    }
    command
}

/// A folder with a design in it.
pub fn folder(design: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("design.yaml"), design).unwrap();
    folder
}

/// A server that has said that it is ready.
pub struct Running {
    process: Child,
    pub line: Value,
    log: JoinHandle<String>,
}

impl Running {
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = command(folder, arguments);
        let command = command.args(["--port", "0"]);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = piped.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
        // A log that nobody reads would fill the pipe, and stop the server.
        let mut errors = process.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            errors.read_to_string(&mut log).unwrap();
            log
        });
        Self { process, line, log }
    }

    /// The whole reply.
    pub fn get(&self, path: &str) -> String {
        self.ask("GET", path, "accept: */*", "")
    }

    /// The whole reply.
    pub fn ask(&self, method: &str, path: &str, header: &str, body: &str) -> String {
        let address = self.line["url"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// Asks it to stop; gives what it logged.
    pub fn stop(mut self) -> String {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let log = self.log.join().unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(0), "{log}");
        log
    }
}
