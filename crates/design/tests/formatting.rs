//! The canonical layout: what it looks like, that it changes no meaning, and that it is stable.
#![expect(
    clippy::unwrap_used,
    reason = "a design that can't be formatted fails the test"
)]

mod common;
#[path = "common/meaning.rs"]
mod meaning;

use archwright_design::format;
use meaning::meaning;

#[track_caller]
fn check(source: &str, expected: &str) {
    let once = format(source).unwrap();
    assert_eq!(once, expected);
    assert_eq!(format(&once).unwrap(), expected, "formatting twice");
    assert_eq!(meaning(source), meaning(&once));
}

#[test]
fn indentation_and_short_forms_are_normal() {
    check(
        "archwright:   1\nname: 'shop'\nentities:\n    Book:\n        fields:\n            title:  string(1..300) ,search\n            \
         kind: enum( a,b )=a\n            price: decimal( 12 , 2 ),min   0\n        allow:\n            read: owner  when a==b,staff\n",
        "archwright: 1\nname: shop\n\nentities:\n  Book:\n    fields:\n      title: string(1..300), search\n      \
         kind: enum(a, b) = a\n      price: decimal(12,2), min 0\n    allow:\n      read: owner when a==b, staff\n",
    );
}

#[test]
fn the_top_level_is_in_canonical_order() {
    check(
        "# The shop.\n\nroles:\n  staff: {}\nname: shop\n# The version.\narchwright: 1\n",
        "# The shop.\n\n# The version.\narchwright: 1\nname: shop\n\nroles:\n  staff: {}\n",
    );
}

#[test]
fn comments_stay_with_what_they_are_about() {
    check(
        "archwright: 1   # one\nname: shop\nentities:   # all\n\n\n    # The book.\n    Book:\n      fields:\n        a: int   # last\n      \
         # after the fields\n\n      # about the key\n      key: # why\n        a\n    # at the end\n# footer\n",
        "archwright: 1  # one\nname: shop\n\nentities:  # all\n  # The book.\n  Book:\n    fields:\n      a: int  # last\n    \
         # after the fields\n\n    # about the key\n    key: a  # why\n  # at the end\n\n# footer\n",
    );
}

#[test]
fn brackets_stay_while_they_fit_and_hold_no_comments() {
    check(
        "archwright: 1\nname: shop\nroles: {staff: {},  admin: {includes: [staff]}}\napi: {  # here\n  base: /v1, # there\n  page: {max: 3}}\n",
        "archwright: 1\nname: shop\n\napi:  # here\n  base: /v1  # there\n  page: { max: 3 }\n\n\
         roles: { staff: {}, admin: { includes: [staff] } }\n",
    );
    let long = format!(
        "archwright: 1\nname: shop\nstack: {{ framework: {}, cache: {} }}\n",
        "a".repeat(50),
        "b".repeat(50)
    );
    let expected = format!(
        "archwright: 1\nname: shop\n\nstack:\n  framework: {}\n  cache: {}\n",
        "a".repeat(50),
        "b".repeat(50)
    );
    check(&long, &expected);
}

#[test]
fn quotes_stay_where_they_are_needed() {
    check(
        "archwright: 1\nname: \"shop\"\nabout: 'a: b'\nentities:\n  A:\n    fields: { a: 'string(1..3), min 1', b: 'int' }\n    checks:\n      \
         a: '!b'\n      b: \"x \\\"y\\\"\"\n      c: \"'s' in r\"\n      d: 'null'\n      e: '12'\n",
        "archwright: 1\nname: shop\nabout: \"a: b\"\n\nentities:\n  A:\n    fields: { a: \"string(1..3), min 1\", b: int }\n    checks:\n      \
         a: \"!b\"\n      b: x \"y\"\n      c: \"'s' in r\"\n      d: \"null\"\n      e: \"12\"\n",
    );
}

#[test]
fn long_texts_are_folded() {
    let words = "word ".repeat(40);
    let about = words.trim_end();
    let formatted = format(&format!("archwright: 1\nname: shop\nabout: {about}\n")).unwrap();
    assert!(formatted.contains("about: >\n  word word"), "{formatted}");
    assert!(
        formatted.lines().all(|line| line.len() <= 100),
        "{formatted}"
    );
    check(&formatted, &formatted);
    check(
        "archwright: 1\nname: shop\nabout: >\n  A\n",
        "archwright: 1\nname: shop\nabout: A\n",
    );
    check(
        "archwright: 1\nname: shop\nabout: |\n    one\n      two\n\n    three\n",
        "archwright: 1\nname: shop\n\nabout: |\n  one\n    two\n\n  three\n",
    );
}

#[test]
fn lists_of_mappings_keep_their_shape() {
    check(
        "archwright: 1\nname: shop\nseed:\n  A:\n  -   a: 1\n      # why\n      b: [x,y]\n  - {a: 2}\n  -\n    - z\n",
        "archwright: 1\nname: shop\n\nseed:\n  A:\n    - a: 1\n      # why\n      b: [x, y]\n    - { a: 2 }\n    - - z\n",
    );
}

#[test]
fn what_is_no_design_is_not_formatted() {
    for (source, code) in [
        ("", "AW006"),
        ("- a\n", "AW009"),
        ("a: [\n", "AW002"),
        ("a: 1\na: 2\n", "AW007"),
    ] {
        let codes: Vec<&str> = format(source)
            .unwrap_err()
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert!(codes.contains(&code), "{source:?} gives {codes:?}");
    }
}

#[test]
fn every_design_keeps_its_meaning() {
    for (name, source) in common::designs() {
        let once = format(&source).unwrap();
        assert_eq!(meaning(&source), meaning(&once), "{name}");
        assert_eq!(format(&once).unwrap(), once, "{name} formatted twice");
        let comments = |text: &str| {
            text.matches(" # ").count() + text.lines().filter(|line| line.starts_with('#')).count()
        };
        assert_eq!(comments(&source), comments(&once), "the comments of {name}");
    }
}
