//! Times the lowering of a generated design: `cargo run --release -p archwright-model --example large -- 300`.

use std::fmt::Write;
use std::time::Instant;

fn design(entities: usize) -> String {
    let mut text = String::from(
        "archwright: 1\nname: large\nroles:\n  staff: {}\nentities:\n  User:\n    account: email\n    fields:\n      email: email, unique\n    allow: { read: owner }\n",
    );
    for index in 0..entities {
        let previous = index.saturating_sub(1);
        let _ = write!(
            text,
            "  Thing{index}:\n    fields:\n      owner: User, owner\n      title: string(1..200), search, sort\n      code: string(12), unique\n      price: money, min 0\n      amount: int = 1\n      status: enum(draft, open, done) = draft\n      due_at: datetime = now + duration('7d')\n      previous: Thing{previous}?\n      next: Thing{index}[], by itself\n      itself: Thing{index}?\n      lines: Line{index}[], composed\n      total: money := lines.sum(l, l.quantity * l.price)\n    checks:\n      positive: price >= 0 && amount > {index}\n    allow:\n      read: anyone when status == 'open', owner, staff\n      create: signed-in\n      update: owner when status == 'draft'\n    moves:\n      start: {{ from: draft, to: open, by: owner, when: size(lines) > 0 }}\n      finish: {{ from: open, to: done, by: staff }}\n  Line{index}:\n    fields:\n      quantity: int, min 1\n      price: money\n"
        );
    }
    text
}

fn main() {
    let entities = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(300);
    let text = design(entities / 2);
    let start = Instant::now();
    let reading = archwright_design::read(&[("design.yaml".to_owned(), text.into_bytes())]);
    let read = start.elapsed();
    let start = Instant::now();
    let (model, diagnostics) = archwright_model::lower(&reading.design);
    println!(
        "{entities} entities: read in {read:?}, lowered in {:?}, model: {}, said: {}",
        start.elapsed(),
        model.is_some(),
        diagnostics.len() + reading.diagnostics.len(),
    );
    for diagnostic in reading.diagnostics.iter().chain(&diagnostics).take(5) {
        println!("{} {}", diagnostic.code, diagnostic.message);
    }
}
