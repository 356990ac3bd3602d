//! What documents say in words: summaries, conditions, and the paths of `?expand=`.

#![expect(clippy::unwrap_used, reason = "a failure is the test's failure")]

use archwright_plan::{Condition, Operation, Plan, model, plan};

const REELS: &str = r"
archwright: 1
name: reels
roles:
  member: { sign-up: open }
  clerk: { granted-by: clerk }
entities:
  Shop:
    tenant: true
    fields: { name: string }
    allow: { read: signed-in }
  Person:
    account: email
    fields:
      shop: Shop, tenant
      email: email, unique
      watchlist: Film[]
      boss: Person?
      staff: Person[], by boss
    allow: { read: owner, update: owner }
  Genre:
    fields:
      name: string
      films: Film[], by genres
    allow: { read: anyone, write: clerk }
  Film:
    fields:
      title: string
      genres: Genre[]
      copies: Copy[], by film
      fans: Person[], by watchlist
    allow: { read: anyone, write: clerk }
  Copy:
    fields:
      shop: Shop, tenant
      film: Film
      lines: Line[], by copy
    allow: { read: signed-in, write: clerk }
  Rental:
    fields:
      shop: Shop, tenant
      member: Person, owner
      lines: Line[], composed
      status: enum(reserved, out) = reserved
    allow:
      read: owner, clerk
      create: owner
      update: [{ by: owner, when: status == 'reserved', after: size(lines) > 0 }, clerk]
      delete: owner when status == 'reserved'
    moves:
      collect: { from: reserved, to: out, by: clerk }
  Line:
    fields: { copy: Copy }
";

fn reels() -> Plan {
    let reading = archwright_design::read(&[("design.yaml".to_owned(), REELS.as_bytes().to_vec())]);
    let (model, diagnostics) = model::lower(&reading.design);
    plan(model.unwrap_or_else(|| panic!("{:#?} {diagnostics:#?}", reading.diagnostics)))
}

fn operation<'p>(plan: &'p Plan, id: &str) -> &'p Operation {
    let mut operations = plan.operations.iter();
    operations.find(|operation| operation.id == id).unwrap()
}

#[test]
fn a_link_is_named_by_what_it_links() {
    let plan = reels();
    for (id, summary) in [
        (
            "people.link-watchlist",
            "Link a film to the watchlist of a person",
        ),
        (
            "people.unlink-watchlist",
            "Unlink a film from the watchlist of a person",
        ),
        ("films.link-genres", "Link a genre to a film"),
        ("auth.me", "Get your own account"),
        ("auth.password", "Change your own password"),
    ] {
        assert_eq!(operation(&plan, id).summary, summary, "{id}");
    }
    let roles = operation(&plan, "people.set-roles");
    assert!(roles.about.starts_with("Replaces all roles"), "{roles:?}");
}

#[test]
fn a_condition_is_what_the_design_says_without_ownership_and_tenancy() {
    let plan = reels();
    let conditions = |id: &str| -> Vec<Condition> {
        let operation = operation(&plan, id);
        let alternatives = operation.guard.iter();
        alternatives
            .map(|alternative| plan.condition(operation.entity, alternative))
            .collect()
    };
    let confined = |when: Option<&str>, after: Option<&str>| Condition {
        when: when.map(str::to_owned),
        after: after.map(str::to_owned),
        confined: true,
    };
    let reserved = Some("status == 'reserved'");
    assert_eq!(conditions("rentals.delete"), [confined(reserved, None)]);
    assert_eq!(
        conditions("rentals.update"),
        [
            confined(reserved, Some("lines.size() > 0")),
            confined(None, None)
        ]
    );
    assert_eq!(conditions("films.get"), [Condition::default()]);
}

#[test]
fn no_path_of_expand_comes_back_by_the_relation_that_it_went() {
    let plan = reels();
    let of = |name: &str| {
        let mut entities = plan.model.entities.iter();
        let entity = entities.find(|entity| entity.name == name).unwrap();
        plan.expand_paths(entity.id)
    };
    let has = |paths: &[String], path: &str| paths.iter().any(|known| known == path);
    let film = of("Film");
    for there in [
        "genres",
        "copies",
        "copies.shop",
        "fans.boss",
        "fans.boss.boss",
    ] {
        assert!(has(&film, there), "{there} of {film:?}");
    }
    for back in [
        "copies.film",
        "copies.film.copies",
        "genres.films",
        "genres.films.genres",
        "fans.watchlist",
        "fans.boss.staff",
    ] {
        assert!(!has(&film, back), "{back} of {film:?}");
    }
    // Through parts, too.
    let rental = of("Rental");
    assert!(has(&rental, "lines.copy.film"), "{rental:?}");
    assert!(!has(&rental, "lines.copy.lines"), "{rental:?}");
}

#[test]
fn the_plan_says_why_a_list_offers_no_filter() {
    let text = archwright_plan::render_text(&reels());
    let line = "    no filter by title: No index serves it; add `filter` to the field where clients need it.";
    assert!(text.lines().any(|printed| printed == line), "{text}");
}
