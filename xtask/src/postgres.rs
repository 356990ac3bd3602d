//! A PostgreSQL server for the tests, in a temporary folder, on a free port of the loopback interface.

use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Stopped, and its folder deleted, when dropped.
pub struct Server {
    process: Option<Child>,
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    pub url: String,
}

/// Installs PostgreSQL where it is missing, and starts a server.
pub fn start() -> Result<Server> {
    let programs = match programs() {
        Some(programs) => programs,
        None => install()?,
    };
    let folder = std::env::temp_dir().join(format!("archwright-postgres-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let user = owner();
    if let Some(user) = user {
        run(Command::new("chown").arg(user).arg(&folder))?;
    }
    let data = folder.join("data");
    let mut make = as_user(user, &programs.join("initdb"));
    make.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--pgdata",
    ]);
    run(make.arg(&data))?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut server = Server {
        process: None,
        url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        folder,
        programs,
        port,
    };
    server.launch()?;
    Ok(server)
}

impl Server {
    /// Starts the process, the first time or after a crash, and waits until it answers.
    pub fn launch(&mut self) -> Result<()> {
        let mut serve = as_user(owner(), &self.programs.join("postgres"));
        serve
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-k")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string()]);
        // What is gone when the machine stops need not be safe.
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "max_connections=200",
        ] {
            serve.args(["-c", setting]);
        }
        let log = std::fs::File::create(self.folder.join("log"))?;
        let serve = serve.stdout(log.try_clone()?).stderr(log);
        self.process = Some(serve.spawn()?);
        self.wait()
    }

    /// Ends at once, as after a loss of power.
    pub fn crash(&mut self) -> Result<()> {
        self.signal("-QUIT");
        match &mut self.process {
            Some(process) => process.wait().map(drop).context("PostgreSQL"),
            None => Ok(()),
        }
    }

    /// Ends all connections but its own.
    pub fn cut(&self) -> Result<()> {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
        run(Command::new(self.program("psql")).args([&self.url, "-c", cut]))
    }

    fn wait(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            let mut ask = Command::new(self.program("pg_isready"));
            ask.args([
                "--quiet",
                "--host=127.0.0.1",
                &format!("--port={}", self.port),
            ]);
            if ask.status()?.success() {
                return Ok(());
            }
            if let Some(process) = &mut self.process
                && process.try_wait()?.is_some()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        bail!("PostgreSQL did not start:\n{log}")
    }

    /// A program of the same version.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// The server's process, which may be a child of the one that was started.
    pub fn process_id(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    /// The URL of a new database.
    pub fn make(&self, name: &str) -> Result<String> {
        let server = self.url.trim_end_matches("postgres");
        let mut make = Command::new(self.program("psql"));
        let statement = format!("CREATE DATABASE {name}");
        run(make.args(["--quiet", "--command", &statement, &self.url]))?;
        Ok(format!("{server}{name}"))
    }

    fn signal(&self, signal: &str) {
        if let Some(process) = self.process_id() {
            let process = process.to_string();
            let _ = Command::new("kill").args([signal, &process]).status();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("-INT");
        if let Some(process) = &mut self.process {
            let _ = process.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let found = |folder: &Path| {
        ["initdb", "postgres", "pg_isready", "psql"]
            .iter()
            .all(|name| folder.join(name).exists())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(|folder| found(folder)) {
        return Some(folder);
    }
    let roots = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];
    let versions = roots
        .iter()
        .filter_map(|root| std::fs::read_dir(root).ok())
        .flatten();
    let folders = versions.flatten().map(|entry| entry.path().join("bin"));
    folders
        .filter(|folder| found(folder))
        .max_by_key(|folder| version(folder))
}

/// 15 of `/usr/lib/postgresql/15/bin` and `…/postgresql@15/bin`.
fn version(folder: &Path) -> u32 {
    let name = folder
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end = digits
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(0)
}

fn install() -> Result<PathBuf> {
    eprintln!("Installing PostgreSQL…");
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-qq"])
        .and_then(|()| apt(&["install", "-y", "-qq", "postgresql"]))
        .context(
            "PostgreSQL is missing, and apt-get can't install it: install PostgreSQL 14 or newer",
        )?;
    programs().context("PostgreSQL was installed, but its programs are not where they should be")
}

/// The server refuses to run as root.
fn owner() -> Option<&'static str> {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n");
    root.then_some("postgres")
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", user, "--regid", user, "--init-groups", "--"])
        .arg(program);
    // The folder that root stands in may be closed to others.
    command.current_dir("/");
    command
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{command:?} can't be started"))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_until_it_is_dropped() {
        let server = start().unwrap();
        let address = server.url.split(['@', '/']).nth(3).unwrap().to_owned();
        let folder = server.folder.clone();
        std::net::TcpStream::connect(&address).unwrap();
        drop(server);
        assert!(std::net::TcpStream::connect(&address).is_err());
        assert!(!folder.exists());
    }

    #[test]
    fn the_version_stands_in_the_folder() {
        assert_eq!(version(Path::new("/usr/lib/postgresql/15/bin")), 15);
        assert_eq!(
            version(Path::new("/opt/homebrew/opt/postgresql@16/bin")),
            16
        );
        assert_eq!(version(Path::new("/usr/bin")), 0);
    }
}
