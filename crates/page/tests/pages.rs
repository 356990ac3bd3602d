//! What the pages hold, for the examples and for designs that mean harm.

mod common;

use archwright_page::{Page, PageOptions, pages};
use archwright_plan::Plan;
use common::{planned, planned_folder};
use std::fmt::Write;
use std::path::Path;

const EXAMPLES: [&str; 6] = [
    "bookshop", "conduit", "helpdesk", "newsroom", "payments", "profile",
];

fn example(name: &str) -> Plan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    planned_folder(&folder.join(name)).expect("the examples are sound")
}

fn design(text: &str) -> Plan {
    planned(&[("design.yaml".to_owned(), text.as_bytes().to_vec())]).expect("the design is sound")
}

fn development(plan: &Plan) -> PageOptions {
    let roles = plan.model.roles.iter();
    PageOptions {
        development: true,
        seeded_roles: roles
            .map(|role| (role.name.clone(), format!("{}@seeded.example", role.name)))
            .collect(),
    }
}

fn text(pages: &[Page], path: &str) -> String {
    let page = pages.iter().find(|page| page.path == path);
    let page = page.unwrap_or_else(|| panic!("there is no page {path}"));
    String::from_utf8(page.bytes.to_vec()).expect("the page is text")
}

fn start(plan: &Plan) -> String {
    text(&pages(plan, &development(plan)), "/")
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    for name in EXAMPLES {
        let bytes = || -> Vec<(String, Vec<u8>)> {
            let plan = example(name);
            let pages = pages(&plan, &development(&plan));
            let pages = pages.into_iter();
            pages
                .map(|page| (page.path, page.bytes.into_owned()))
                .collect()
        };
        assert!(bytes() == bytes(), "{name}");
    }
}

#[test]
fn the_start_page_of_each_example_names_each_entity_role_and_operation() {
    for name in EXAMPLES {
        let plan = example(name);
        let html = start(&plan);
        for entity in &plan.model.entities {
            let box_name = format!(">{}</text>", entity.name);
            assert!(html.contains(&box_name), "{name}: {}", entity.name);
        }
        for role in &plan.model.roles {
            let column = format!("<th scope=\"col\">{}</th>", role.name);
            assert!(html.contains(&column), "{name}: {}", role.name);
            let button = format!("data-sign-in=\"{}\"", role.name);
            assert!(html.contains(&button), "{name}: {}", role.name);
        }
        for operation in &plan.operations {
            let path = format!(">{}</a>", operation.path);
            assert!(html.contains(&path), "{name}: {}", operation.id);
        }
        for decision in &plan.decisions {
            let reason = decision.reason.split(['`', '\'']).next().unwrap_or("");
            assert!(html.contains(reason), "{name}: {}", decision.reason);
        }
    }
}

#[test]
fn requests_are_offered_with_rows_that_they_work_on() {
    let html = start(&example("bookshop"));
    let line = |method: &str, path: &str| {
        let path = format!(">{path}</a>");
        let method = format!("\">{method}</span>");
        let mut lines = html.lines();
        let found = lines.find(|line| line.contains(&path) && line.contains(&method));
        found
            .unwrap_or_else(|| panic!("there is no {path}"))
            .to_owned()
    };
    let place = line("POST", "/v1/orders/{id}/place");
    assert!(place.contains(" data-row=\"status.in=draft\""), "{place}");
    let create = line("POST", "/v1/orders");
    let books = " data-references=\"book_isbn /v1/books isbn book\"";
    assert!(create.contains(books), "{create}");
    let get = line("GET", "/v1/orders/{id}");
    assert!(!get.contains(" data-"), "{get}");
}

#[test]
fn operations_say_what_they_are_for_what_they_take_and_which_rows_they_name() {
    let html = start(&design(
        r"archwright: 1
name: reels
roles:
  clerk: { granted-by: clerk }
entities:
  Person:
    account: email
    fields:
      email: email, unique
      picture: file(1MB, image/png, image/jpeg)?
    allow: { read: owner, update: owner }
  Copy:
    fields:
      barcode: string(6..12), unique
      status: enum(in, out), filter = in
    allow: { read: clerk }
    moves:
      lend: { from: in, to: out, by: clerk }
  Shelf:
    fields: { label: string, unique }
operations:
  checkout:
    about: Lends one copy over the `counter`.
    route: POST /checkout
    by: clerk
    input: { body: { barcode: string, member: Person, shelf: string } }
    steps:
      - find: { copy: Copy }
        where: barcode == body.barcode
      - find: { shelf: Shelf }
        where: label == body.shelf
      - move: { copy: lend }
    reply: { 204: ~ }
",
    ));
    let line = |path: &str| {
        let mut lines = html.lines();
        let path = format!(">{path}</a><span class=\"summary\"");
        let found = lines.find(|line| line.contains(&path) && !line.contains(">DELETE<"));
        found.unwrap_or_else(|| panic!("there is no {path}"))
    };
    let checkout = line("/v1/checkout");
    for part in [
        "member /v1/people id person;",
        "barcode /v1/copies?status.in=in barcode copy;",
        // No list shows these.
        "shelf - label shelf",
        ">Lends one copy over the <code>counter</code>.<",
    ] {
        assert!(checkout.contains(part), "{part} in {checkout}");
    }
    let upload = line("/v1/people/{id}/picture");
    let types = " data-upload=\"image/png,image/jpeg\"";
    assert!(
        upload.contains(types) && upload.contains("href=\"#try\""),
        "{upload}"
    );
}

#[test]
fn in_production_nothing_of_the_seed_is_shown() {
    for name in EXAMPLES {
        let plan = example(name);
        let options = PageOptions {
            development: false,
            ..development(&plan)
        };
        for page in pages(&plan, &options) {
            if page.media_type.starts_with("text/html") {
                let html = String::from_utf8_lossy(&page.bytes);
                for secret in ["seeded.example", "data-sign-in", "/dev/", "try.js"] {
                    assert!(!html.contains(secret), "{name}: {secret} in {}", page.path);
                }
            }
        }
    }
}

#[test]
fn texts_of_the_design_are_never_markup() {
    const HARM: &str = "</title></script><script>alert(1)</script><img src=x onerror=alert(1)>\\\" onload='alert(1)' \
                        ]]></svg><svg/onload=alert(1)> {{ 7 * 7 }} {% raw %} &lt;u&gt; ` <u>`";
    let design = design(&format!(
        r#"archwright: 1
name: harm
about: "{HARM}"
roles:
  member: {{ about: "{HARM}", sign-up: open }}
entities:
  User:
    account: email
    about: "{HARM}"
    fields:
      email: email, unique
    allow: {{ read: owner }}
  Note:
    about: "{HARM}"
    fields:
      title: {{ type: string, about: "{HARM}" }}
      status: enum(open, closed) = open
    moves:
      close: {{ from: open, to: closed, by: member, about: "{HARM}" }}
    allow:
      read: anyone when title == '</code><script>alert(1)</script>'
      create: member
operations:
  shout:
    about: "{HARM}"
    route: POST /shout
    by: signed-in
    steps: []
    reply: {{ 200: {{ loud: true }} }}
"#
    ));
    let options = PageOptions {
        seeded_roles: vec![("member".to_owned(), HARM.to_owned())],
        ..development(&design)
    };
    let pages = pages(&design, &options);
    for path in ["/", "/reference"] {
        let html = text(&pages, path);
        for markup in ["<script>", "<img src=x", "<svg/", "<u>", "onload='"] {
            assert!(!html.contains(markup), "{markup} in {path}");
        }
    }
    assert!(text(&pages, "/").contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn pages_hold_no_script_or_style_of_their_own_and_name_no_other_host() {
    for name in EXAMPLES {
        for page in pages(&example(name), &PageOptions::default()) {
            if page.media_type.starts_with("text/html") {
                let html = String::from_utf8_lossy(&page.bytes);
                for tag in html.split('<').filter(|tag| tag.starts_with("script")) {
                    assert!(tag.starts_with("script src=\"/_page/"), "{name}: {tag}");
                }
                for part in [" style=", "<style", " onclick=", " onload="] {
                    assert!(!html.contains(part), "{name}: {part} in {}", page.path);
                }
                for address in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
                    assert!(!html.contains(address), "{name}: {address}");
                }
            }
            assert!(
                page.csp
                    .starts_with("default-src 'none'; script-src 'self'")
            );
        }
    }
}

#[test]
fn a_large_design_has_several_diagrams_that_show_each_entity_once() {
    let mut text = String::from("archwright: 1\nname: large\nentities:\n");
    for index in 0..120 {
        let _ = write!(
            text,
            "  Thing{index}x:\n    fields:\n      title: string\n      next: Thing{}x?\n      parts: Part{index}x[], composed\n    \
             allow: {{ read: anyone }}\n  Part{index}x:\n    fields:\n      amount: int\n",
            (index + 7) % 120
        );
    }
    let html = start(&design(&text));
    let diagrams: Vec<&str> = html.split("<svg class=\"diagram\"").skip(1).collect();
    assert_eq!(diagrams.len(), 15);
    for index in 0..120 {
        for name in [format!("Thing{index}x"), format!("Part{index}x")] {
            let box_name = format!("class=\"name\" x=\"12\" y=\"22\">{name}</text>");
            assert_eq!(html.matches(&box_name).count(), 1, "{name}");
        }
        let whole = format!("class=\"name\" x=\"12\" y=\"22\">Thing{index}x</text>");
        let part = format!("class=\"name\" x=\"12\" y=\"22\">Part{index}x</text>");
        let together = |diagram: &&&str| diagram.contains(&whole) && diagram.contains(&part);
        assert!(diagrams.iter().any(|diagram| together(&diagram)), "{index}");
    }
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}
