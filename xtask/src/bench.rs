//! Benchmarks: a generated design of 300 entities for `check` and `plan`, a small one for `serve`, hostile inputs, and
//! beside them what others take for the same file. Ratios, because machines differ.

use crate::command::{cargo, root};
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ENTITIES: usize = 300;
const RUNS: usize = 5;

struct Measure {
    name: String,
    seconds: f64,
    megabytes: f64,
    limit: Option<(f64, f64)>,
}

/// Measures the release build, prints a table, and fails where a limit is passed.
pub fn bench() -> Result<()> {
    cargo(&["build", "--release", "--package", "archwright"])?;
    let folder = root().join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let design = folder.join("design.yaml");
    std::fs::write(&design, generated(ENTITIES))?;
    let archwright = root().join("target/release/archwright");
    let (program, path) = (text(&archwright)?, text(&design)?);
    let lines = std::fs::read_to_string(&design)?.lines().count();
    println!("A design of {ENTITIES} entities, {lines} lines; the best of {RUNS} runs.\n");

    let mut table = Vec::new();
    if has_yaml() {
        let load = "import sys, yaml; yaml.safe_load(open(sys.argv[1]))";
        table.push(measure(
            "PyYAML `safe_load` of the same file (the baseline)",
            "python3",
            &["-c", load, path],
            &[0],
            None,
        )?);
    }
    table.push(measure(
        "`archwright check`",
        program,
        &["check", path],
        &[0],
        Some((1.0, 200.0)),
    )?);
    table.push(measure(
        "`archwright plan`",
        program,
        &["plan", path, "--format", "json"],
        &[0],
        Some((2.0, 200.0)),
    )?);
    table.push(measure(
        "`archwright openapi`",
        program,
        &["openapi", path],
        &[0],
        None,
    )?);
    for (name, bytes) in hostile() {
        let input = folder.join("hostile.yaml");
        std::fs::write(&input, bytes)?;
        table.push(measure(
            &format!("`archwright check`, {name}"),
            program,
            &["check", text(&input)?],
            &[0, 1],
            Some((1.0, 200.0)),
        )?);
    }
    let small = root().join("examples/profile");
    table.push(serve(&archwright, &small, &folder)?);
    print(&table);
    let over: Vec<&str> = table
        .iter()
        .filter(|row| row.is_over())
        .map(|row| &row.name[..])
        .collect();
    if !over.is_empty() {
        bail!("over the limit: {}", over.join(", "));
    }
    Ok(())
}

impl Measure {
    fn is_over(&self) -> bool {
        self.limit.is_some_and(|(seconds, megabytes)| {
            self.seconds > seconds || self.megabytes > megabytes
        })
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

fn print(table: &[Measure]) {
    let baseline = table.first().map_or(1.0, |row| row.seconds);
    println!("| what | seconds | ratio | peak memory, MB | limit |");
    println!("| --- | ---: | ---: | ---: | --- |");
    for row in table {
        let limit = row.limit.map_or(String::new(), |(seconds, megabytes)| {
            format!("{seconds} s, {megabytes} MB")
        });
        println!(
            "| {} | {:.3} | {:.2} | {:.0} | {limit} |",
            row.name,
            row.seconds,
            row.seconds / baseline,
            row.megabytes
        );
    }
}

fn has_yaml() -> bool {
    let output = Command::new("python3").args(["-c", "import yaml"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// The best time and the greatest memory of some runs, each of which ends with one of `statuses`.
fn measure(
    name: &str,
    program: &str,
    arguments: &[&str],
    statuses: &[i32],
    limit: Option<(f64, f64)>,
) -> Result<Measure> {
    let (mut best, mut peak) = (f64::MAX, 0.0_f64);
    for _ in 0..RUNS {
        let start = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} can't be started"))?;
        // Sampled while it runs: the kernel keeps the greatest value until the end.
        while child.try_wait()?.is_none() {
            peak = peak.max(peak_megabytes(child.id()).unwrap_or(0.0));
            std::thread::sleep(Duration::from_millis(1));
        }
        best = best.min(start.elapsed().as_secs_f64());
        let status = child.wait()?;
        if !status.code().is_some_and(|code| statuses.contains(&code)) {
            bail!("{name} ended with {status}");
        }
    }
    Ok(Measure {
        name: name.to_owned(),
        seconds: best,
        megabytes: peak,
        limit,
    })
}

fn peak_megabytes(process: u32) -> Option<f64> {
    status_megabytes(process, "VmHWM:")
}

fn status_megabytes(process: u32, key: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// From the start of the process, with an empty database, to the first good answer of `/readyz`.
fn serve(archwright: &Path, design: &Path, folder: &Path) -> Result<Measure> {
    let (mut best, mut memory) = (f64::MAX, 0.0_f64);
    for run in 0..RUNS {
        let home = folder.join(format!("serve-{run}"));
        std::fs::remove_dir_all(&home).ok();
        std::fs::create_dir_all(&home)?;
        let start = Instant::now();
        let mut child = Command::new(archwright)
            .args(["serve", text(design)?, "--port", "0"])
            .current_dir(&home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let measured = ready(&mut child, start);
        let resident = status_megabytes(child.id(), "VmRSS:");
        child.kill()?;
        child.wait()?;
        best = best.min(measured?);
        memory = memory.max(resident.context("no memory figure")?);
    }
    let name = "`archwright serve examples/profile`, from start to ready".to_owned();
    Ok(Measure {
        name,
        seconds: best,
        megabytes: memory,
        limit: Some((1.0, 50.0)),
    })
}

fn ready(child: &mut std::process::Child, start: Instant) -> Result<f64> {
    let output = child.stdout.take().context("no output")?;
    let mut port = None;
    for line in BufReader::new(output).lines() {
        if let Some((_, rest)) = line?.split_once("http://127.0.0.1:") {
            port = rest
                .split(|next: char| !next.is_ascii_digit())
                .next()
                .and_then(|port| port.parse::<u16>().ok());
            break;
        }
    }
    let port = port.context("serve named no address")?;
    while start.elapsed() < Duration::from_secs(20) {
        if answers(port) {
            return Ok(start.elapsed().as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    bail!("serve was not ready within 20 seconds")
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut reply = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut reply).is_ok()
        && reply.starts_with("HTTP/1.1 200")
}

/// Entities of one kind, each with relations to others, states, rules, checks and computed values.
fn generated(entities: usize) -> String {
    let mut text = String::from(
        "archwright: 1\nname: large\nroles:\n  member: { sign-up: open }\n  staff: { granted-by: staff }\nentities:\n  User:\n    account: email\n    fields:\n      email: email, unique\n      name: string(1..120), search\n    allow: { read: \"owner, staff\", update: owner }\n",
    );
    for index in 1..entities {
        let (other, third) = (
            index % (entities - 1) + 1,
            (index * 14) % (entities - 1) + 1,
        );
        let _ = write!(
            text,
            "  Thing{index}:
    about: The kind of thing number {index}.
    fields:
      owner: User, owner
      code: string(3..40), unique, immutable
      title: string(1..200), search, sort
      note: text?
      price: money, min 0, filter, sort
      quantity: int, min 1 = 1
      due_on: date?, filter
      status: enum(draft, placed, done, cancelled) = draft
      other: Thing{other}?, filter
      friends: Thing{third}[]
      total: money := price * quantity
      late: bool := due_on != null && due_on < today && status != 'done'
    checks:
      worth: price * quantity < 1000000
    unique:
      - [owner, title]
    index:
      - [status, due_on]
    allow:
      read: owner, staff, anyone when status == 'done' && price > 1
      create: owner
      update: owner when status == 'draft', staff when status != 'cancelled'
      delete: owner when status == 'draft'
    moves:
      place: {{ from: draft, to: placed, by: owner, when: \"quantity > 0 && price > 0\" }}
      finish: {{ from: placed, to: done, by: staff, set: {{ note: \"'done'\" }} }}
      cancel: {{ from: [draft, placed], to: cancelled, by: \"owner when status == 'draft', staff\" }}
    workload: {{ rows: 2M, growth: 1k/day, list: 100/s, get: 200/s }}
"
        );
    }
    text
}

/// What somebody might feed it by mistake or on purpose, up to 5 MB.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let million = 1 << 20;
    let head = "archwright: 1\nname: large\nentities:\n";
    let fill =
        |part: &str| format!("{head}{}", part.repeat(million / part.len() - 64)).into_bytes();
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        let _ = writeln!(
            bomb,
            "a{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]"
        );
    }
    let names: Vec<u8> = (0..)
        .map(|index| {
            format!("  Thing{index}: {{ fields: {{ a: Thng{index}, b: int == {index} }} }}\n")
        })
        .scan(0, |length, line| {
            *length += line.len();
            (*length < million - 100).then_some(line)
        })
        .collect::<String>()
        .into_bytes();
    let lines =
        |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    let book = "entities:\n  Book:\n    allow: { read: anyone }\n    fields:\n      a0: int\n";
    let start = "archwright: 1\nname: large\n";
    let aliases = lines(20_000, &|index| format!("  T{index}: T{}\n", index + 1));
    let doubled = lines(400, &|index| {
        format!("      a{}: int := a{index} + a{index}\n", index + 1)
    });
    let roles = lines(16_000, &|index| {
        format!("  r{index}: {{ includes: r{} }}\n", index + 1)
    });
    let seeds = lines(20_000, &|index| format!("  E{index}: 1\n"));
    let seeded = lines(20_000, &|index| {
        format!("  E{index}: {{ fields: {{ a: int }} }}\n")
    });
    let steps = lines(10_000, &|index| {
        format!("      - find: {{ b{index}: Book }}\n        where: id == path.id\n")
    });
    let doubling = lines(400, &|index| {
        let twice = format!("move: {{ self: m{} }}", index + 1);
        format!(
            "      m{index}: {{ from: [a, b], to: a, by: r, do: [{{ {twice} }}, {{ {twice} }}] }}\n"
        )
    });
    let chained = lines(9_000, &|index| {
        let next = index + 1;
        format!(
            "      m{index}: {{ from: [a, b], to: a, by: r, do: [{{ move: {{ self: m{next} }} }}] }}\n"
        )
    });
    let moved = |moves: &str, last: usize| {
        let people = "roles: { r: { sign-up: open } }\nentities:\n  U: { account: email, fields: { email: 'email, unique' } }\n";
        let row = "  D:\n    fields: { status: 'enum(a, b) = a' }\n    allow: { read: r, create: r }\n    moves:\n";
        let end = format!("      m{last}: {{ from: [a, b], to: a, by: r }}\n");
        format!("{start}{people}{row}{moves}{end}").into_bytes()
    };
    let views = lines(400, &|index| {
        let twice = format!("{{ show: V{index}, of: self }}");
        format!(
            "  V{}: {{ of: Book, show: {{ a: {twice}, b: {twice} }} }}\n",
            index + 1
        )
    });
    let show = "operations:\n  one:\n    route: GET /one/{id}\n    by: anyone\n    steps: [{ find: { b: Book } }]\n    reply: { 200: { show: V400, of: b } }\n";
    let buy = "operations:\n  buy:\n    route: POST /books/{id}/buy\n    by: anyone\n    steps:\n";
    vec![
        (
            "20,000 aliases in a row",
            format!("{start}types:\n{aliases}  T20000: int\n{book}").into_bytes(),
        ),
        (
            "computed values that double",
            format!("{start}{book}{doubled}").into_bytes(),
        ),
        (
            "16,000 roles in a row",
            format!("{start}roles:\n{roles}  r16000: {{}}\n{book}").into_bytes(),
        ),
        (
            "20,000 seeds",
            format!("{start}entities:\n{seeded}seed:\n{seeds}").into_bytes(),
        ),
        ("moves that make the next twice", moved(&doubling, 400)),
        ("9,000 moves in a row", moved(&chained, 9_000)),
        (
            "views that show the one below twice",
            format!("{start}{book}views:\n  V0: {{ of: Book, show: {{ a: a0 }} }}\n{views}{show}")
                .into_bytes(),
        ),
        (
            "10,000 steps",
            format!("{start}{book}{buy}{steps}").into_bytes(),
        ),
        (
            "5 MB of garbage",
            (0..5 * million)
                .map(|index| (index * 7919 % 251) as u8)
                .collect(),
        ),
        ("1 MB of `[`", vec![b'['; million - 1]),
        ("1 MB of `- `", fill("- ")),
        ("an alias bomb", bomb.into_bytes()),
        ("1 MB of one key", fill("  Same: { fields: { a: int } }\n")),
        ("1 MB of wrong entities", [head.as_bytes(), &names].concat()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_design_has_as_many_entities_as_asked() {
        let text = generated(40);
        assert_eq!(text.matches("    fields:").count(), 40);
        assert!(text.contains("Thing39"));
    }
}
