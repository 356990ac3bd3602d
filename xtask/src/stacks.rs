//! Projects in other stacks: generated, installed, type-checked, linted, migrated, served, and asked by the suite.

use crate::command::{cargo, root, run_in};
use crate::{postgres, tools};
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Examples that can be built, and what a sign-up says of an account with this name.
const EXAMPLES: &[(&str, &str)] = &[(
    "bookshop",
    r#"{"email": "NAME@example.com", "name": "NAME", "password": "archwright-dev-1"}"#,
)];
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything, or one example.
pub fn stacks(only: Option<&str>) -> Result<()> {
    cargo(&["build", "--package", "archwright"])?;
    tools::need("curl", "curl")?;
    let examples = EXAMPLES.iter();
    for (name, account) in examples.filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let project = Project::generated(name, account)?;
        project.checked()?;
        project.asked("SQLite", None)?;
        let server = postgres::start()?;
        let url = server.url.replace("postgres://", "postgresql+asyncpg://");
        project.asked("PostgreSQL", Some(&url))?;
    }
    Ok(())
}

struct Project<'a> {
    example: &'a str,
    account: &'a str,
    folder: PathBuf,
    programs: PathBuf,
}

impl<'a> Project<'a> {
    fn generated(example: &'a str, account: &'a str) -> Result<Self> {
        let folder = root().join("target/stacks/fastapi").join(example);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let design = root().join("examples").join(example);
        let (design, path) = (design.to_string_lossy(), folder.to_string_lossy());
        let archwright = root().join("target/debug/archwright");
        run_in(
            &root(),
            &archwright.to_string_lossy(),
            &["build", &design, "--stack", "fastapi", "--out", &path],
            &[],
        )?;
        let project = std::fs::read_to_string(folder.join("pyproject.toml"))?;
        let programs = tools::python_with("fastapi", &requirements(&project))?;
        Ok(Self {
            example,
            account,
            folder,
            programs,
        })
    }

    fn run(&self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
        let program = self.programs.join(program);
        run_in(
            &self.folder,
            &program.to_string_lossy(),
            arguments,
            environment,
        )
    }

    /// What needs no running server.
    fn checked(&self) -> Result<()> {
        self.run("ruff", &["check"], &[])?;
        self.run("ruff", &["format", "--check"], &[])?;
        self.run("mypy", &[], &[])?;
        self.run("pytest", &["--quiet"], &[])
    }

    /// Migrated, served, and asked all that the design promises.
    fn asked(&self, database: &str, url: Option<&str>) -> Result<()> {
        eprintln!("{} on {database}…", self.example);
        let mut environment = vec![("RATE_LIMITS", "false")];
        environment.extend(url.map(|url| ("DATABASE_URL", url)));
        self.run("python", &["-m", "app.cli", "setup"], &environment)?;
        self.run("alembic", &["check"], &environment)?;
        let served = Served::start(self, &environment)?;
        let key = self.signing_key()?;
        let archwright = root().join("target/debug/archwright");
        let design = root().join("examples").join(self.example);
        let mut arguments = vec!["test".to_owned(), design.to_string_lossy().into_owned()];
        arguments.extend([
            "--url".to_owned(),
            served.url.clone(),
            "--signing-key".to_owned(),
            key,
        ]);
        for role in served.roles()? {
            for name in [role.clone(), format!("{role}2")] {
                let fields = self.account.replace("NAME", &name);
                self.run(
                    "python",
                    &["-m", "app.cli", "create-account", &fields, "--role", &role],
                    &environment,
                )?;
            }
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_in(&root(), &archwright.to_string_lossy(), &arguments, &[])
    }

    /// The key of the deployment, so that the suite can ask what it makes of tokens that it has signed itself.
    fn signing_key(&self) -> Result<String> {
        let settings = std::fs::read_to_string(self.folder.join(".env"))?;
        let key = settings
            .lines()
            .find_map(|line| line.strip_prefix("SIGNING_KEYS="));
        Ok(key.context("no SIGNING_KEYS")?.to_owned())
    }
}

/// The pinned packages of a `pyproject.toml`.
fn requirements(project: &str) -> Vec<String> {
    let lines = project.lines().map(str::trim);
    let pinned = lines.filter_map(|line| line.strip_prefix('"')?.strip_suffix("\","));
    pinned
        .filter(|one| one.contains("=="))
        .map(str::to_owned)
        .collect()
}

/// A running project; it ends with this value.
struct Served {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Served {
    fn start(project: &Project<'_>, environment: &[(&str, &str)]) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?
            .local_addr()?
            .port()
            .to_string();
        let log = std::fs::File::create(project.folder.join("server.log"))?;
        let child = Command::new(project.programs.join("uvicorn"))
            .args(["app.main:app", "--port", &port, "--no-access-log"])
            .current_dir(&project.folder)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("uvicorn can't be started")?;
        let mut served = Self {
            child,
            folder: project.folder.clone(),
            url: format!("http://127.0.0.1:{port}"),
        };
        served.wait()?;
        Ok(served)
    }

    fn wait(&mut self) -> Result<()> {
        let (begin, ready) = (Instant::now(), format!("{}/readyz", self.url));
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the server ended with {status}: see {}",
                    self.log().display()
                );
            }
            let answered = Command::new("curl")
                .args(["--silent", "--fail", "--output", "/dev/null", &ready])
                .status()?;
            if answered.success() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("the server does not answer: see {}", self.log().display())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The roles that the project knows.
    fn roles(&self) -> Result<Vec<String>> {
        let callers = std::fs::read_to_string(Path::new(&self.folder).join("app/core/callers.py"))?;
        let lines = callers
            .lines()
            .skip_while(|line| !line.starts_with("class Role"));
        let roles = lines
            .skip(1)
            .map_while(|line| line.trim().split_once(" = "));
        Ok(roles
            .map(|(_, role)| role.trim_matches('"').to_owned())
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::requirements;

    #[test]
    fn pinned_packages_are_read_from_a_project() {
        let project =
            "dependencies = [\n    \"a==1.0\",\n    \"b[c]==2\",\n]\ntestpaths = [\"tests\"]\n";
        assert_eq!(requirements(project), ["a==1.0", "b[c]==2"]);
    }
}
