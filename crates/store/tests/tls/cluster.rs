//! A PostgreSQL server of a test's own that has TLS, and its certificates.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Who the server's certificate is by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    /// An authority whose own certificate is `ca.pem`; it is for `localhost`.
    Authority,
    /// Itself, for no name at all.
    Itself,
}

/// What the server takes over TCP. Its own socket is for tests, which see through it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Encrypted,
    All,
}

/// Stopped, and its folder deleted, when dropped.
pub struct Cluster {
    process: Child,
    folder: tempfile::TempDir,
    pub port: u16,
}

impl Cluster {
    pub fn start(issuer: Issuer, takes: Takes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path(), issuer);
        std::fs::write(folder.path().join("password"), "s3cret").unwrap();
        give_away(folder.path());
        let programs = programs();
        let data = folder.path().join("data");
        let mut make = as_owner(&programs.join("initdb"));
        make.args(["--username=ann", "--auth=trust", "--encoding=UTF8"]);
        make.arg("--pgdata").arg(&data).arg("--pwfile");
        run(make.arg(folder.path().join("password")));
        let mut access = as_owner(Path::new("tee"));
        let access = access.arg(data.join("pg_hba.conf"));
        let kind = match takes {
            Takes::Encrypted => "hostssl",
            Takes::All => "host",
        };
        let access_text =
            format!("{kind} all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n");
        write_to(access, &access_text);
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut serve = as_owner(&programs.join("postgres"));
        serve.arg("-D").arg(&data).arg("-k").arg(folder.path());
        serve.args(["-p", &port.to_string()]);
        let file = |name: &str| folder.path().join(name).display().to_string();
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            "fsync=off".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.pem")),
            format!("ssl_key_file={}", file("server.key")),
        ] {
            serve.args(["-c", &setting]);
        }
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        serve.stdout(log.try_clone().unwrap()).stderr(log);
        let mut cluster = Self {
            process: serve.spawn().unwrap(),
            folder,
            port,
        };
        cluster.wait(&programs);
        cluster
    }

    fn wait(&mut self, programs: &Path) {
        let began = Instant::now();
        loop {
            let mut ask = Command::new(programs.join("pg_isready"));
            ask.args(["--quiet", "--host=127.0.0.1"]);
            let asked = ask.arg(format!("--port={}", self.port)).status();
            if asked.unwrap().success() {
                return;
            }
            let log = self.file("log");
            let log = || std::fs::read_to_string(&log).unwrap();
            assert!(self.process.try_wait().unwrap().is_none(), "{}", log());
            assert!(began.elapsed() < Duration::from_secs(60), "{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn url(&self, host: &str, query: &str) -> String {
        let port = self.port;
        format!("postgres://ann:s3cret@{host}:{port}/postgres?{query}")
    }

    /// The first column of a query's rows, asked over the server's own socket.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let folder = self.folder.path().display();
        let config = format!("host={folder} port={} user=ann dbname=postgres", self.port);
        // The client blocks, which a thread of a runtime must not.
        let ask = || {
            let mut client = postgres::Client::connect(&config, postgres::NoTls).unwrap();
            let rows = client.query(sql, &[]).unwrap();
            rows.iter().map(|row| row.get::<_, String>(0)).collect()
        };
        std::thread::scope(|scope| scope.spawn(ask).join().unwrap())
    }

    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The first line of this file is the server's process, which may be a child of the one that was started.
        let file = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        if let Some(process) = file.ok().as_deref().and_then(|text| text.lines().next()) {
            let _ = Command::new("kill").args(["-INT", process]).status();
        }
        let _ = self.process.wait();
    }
}

fn certificates(folder: &Path, issuer: Issuer) {
    let openssl = |line: &str| {
        let mut command = Command::new("openssl");
        command.args(line.split(' ')).current_dir(folder);
        run(&mut command);
    };
    const NEW: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha384";
    match issuer {
        Issuer::Itself => openssl(&format!(
            "req -x509 {NEW} -days 30 -keyout server.key -out server.pem -subj /CN=nobody"
        )),
        Issuer::Authority => {
            for name in ["ca", "other"] {
                openssl(&format!(
                    "req -x509 {NEW} -days 30 -keyout {name}.key -out {name}.pem -subj /CN={name}"
                ));
            }
            openssl(&format!(
                "req {NEW} -keyout server.key -out server.csr -subj /CN=server"
            ));
            let about = "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n";
            std::fs::write(folder.join("about"), about).unwrap();
            openssl(
                "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile about -out server.pem",
            );
        }
    }
}

/// Those of the server of the test run, which knows where they are.
fn programs() -> PathBuf {
    let server = std::env::var("ARCHWRIGHT_TEST_POSTGRES").expect(
        "ARCHWRIGHT_TEST_POSTGRES names a PostgreSQL server; `cargo xtask test` starts one",
    );
    // The client blocks, which a thread of a runtime must not.
    let ask = || {
        let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
        let query = "SELECT setting FROM pg_config WHERE name = 'BINDIR'";
        let row = client.query_one(query, &[]).unwrap();
        row.get::<_, String>(0).into()
    };
    std::thread::scope(|scope| scope.spawn(ask).join().unwrap())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// The server refuses to run as root, and to use what belongs to others.
fn give_away(folder: &Path) {
    if is_root() {
        run(Command::new("chown").args(["-R", "postgres"]).arg(folder));
    }
}

fn as_owner(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let owner = [
        "--reuid",
        "postgres",
        "--regid",
        "postgres",
        "--init-groups",
    ];
    command.args(owner).arg("--").arg(program);
    // The folder that root stands in may be closed to others.
    command.current_dir("/");
    command
}

fn write_to(command: &mut Command, text: &str) {
    use std::io::Write;
    let started = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut process = started.unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(process.wait().unwrap().success());
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}
