//! A Redis of a test's own, on a free port of the loopback interface.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Stopped when dropped.
pub struct Redis {
    port: u16,
    process: Child,
    folder: tempfile::TempDir,
}

impl Redis {
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        Self {
            port,
            process: process(port, &folder),
            folder,
        }
    }

    /// Waited for as long as a busy machine may take.
    pub fn options(&self) -> archwright_server::Redis {
        archwright_server::Redis {
            url: format!("redis://127.0.0.1:{}", self.port),
            patience: Duration::from_secs(30),
        }
    }

    #[allow(dead_code, reason = "the suite's tests stop none")]
    pub fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// With no memory of what was before.
    #[allow(dead_code, reason = "the suite's tests stop none")]
    pub fn start_again(&mut self) {
        self.process = process(self.port, &self.folder);
    }

    /// All that it keeps.
    #[allow(dead_code, reason = "the suite's tests need what is kept")]
    pub fn forget(&self) {
        self.ask("FLUSHALL");
    }

    /// A command that it does.
    #[allow(dead_code, reason = "the suite's tests need what is kept")]
    pub fn ask(&self, command: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }

    /// It takes connections and requests, and answers none.
    #[allow(dead_code, reason = "the suite's tests stop none")]
    pub fn freeze(&self) {
        let id = self.process.id().to_string();
        let stopped = Command::new("kill").args(["-STOP", &id]).status();
        assert!(stopped.unwrap().success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn process(port: u16, folder: &tempfile::TempDir) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(["--save", "", "--appendonly", "no", "--dir"]);
    command.arg(folder.path()).stdout(Stdio::null());
    let started = command.spawn();
    let mut process = started
        .unwrap_or_else(|error| panic!("redis-server: {error}; `cargo xtask test` installs it"));
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(process.try_wait().unwrap().is_none(), "Redis has ended");
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}
