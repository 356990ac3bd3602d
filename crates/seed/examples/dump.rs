//! Prints the rows of an example design, to be looked at.
#![expect(
    clippy::unwrap_used,
    reason = "it is run by hand, and a design without rows ends it"
)]

#[path = "../tests/common/mod.rs"]
mod common;
fn main() {
    let name = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "bookshop".to_owned());
    let plan = common::planned(&common::example(&name));
    let start = std::time::Instant::now();
    let rows = archwright_seed::rows(
        &plan,
        &archwright_seed::SeedOptions {
            seed: 1,
            now_ms: 1_795_478_400_000,
            scale: 1,
        },
    )
    .unwrap();
    eprintln!("{} rows in {:?}", rows.len(), start.elapsed());
    let short = |s: &str| {
        if s.len() == 36 {
            s[28..].to_owned()
        } else {
            s.to_owned()
        }
    };
    for row in &rows {
        let e = plan.model.entity(row.entity);
        print!("{} {}", e.name, short(&row.id));
        for (f, v) in &row.values {
            let v = match v {
                archwright_plan::model::Literal::Text(t) => short(t),
                archwright_plan::model::Literal::Decimal { units, scale } => {
                    format!("{}", *units as f64 / 10f64.powi(*scale as i32))
                }
                o => format!("{o:?}"),
            };
            print!(" {}={v}", plan.model.field(*f).name);
        }
        for (f, ids) in &row.links {
            print!(
                " {}=[{}]",
                plan.model.field(*f).name,
                ids.iter().map(|i| short(i)).collect::<Vec<_>>().join(",")
            );
        }
        println!();
    }
    for s in archwright_seed::sign_ins(&rows, &plan) {
        println!("{s:?}");
    }
}
