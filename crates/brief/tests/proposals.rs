//! What somebody else proposes, beside what was written from the brief.

use archwright_brief::{Choices, Node, Proposed, Written, design, proposed, read};

const BRIEF: &str = "Members lease plots. A plot has a number, a size and a rent. A lease has a start date and an end \
date. A member has a name. The manager of the garden adds plots. Only the manager can end a lease. Plots are near.";

fn written(brief: &str) -> Written {
    design(&read(brief), "garden", &Choices::new())
}

fn propose(written: Option<&Written>, proposal: &str) -> Proposed {
    let node = Node::read(proposal).expect("the proposal is YAML");
    proposed(written, &node, "the test", "garden")
}

#[test]
fn the_written_design_itself_proposes_nothing() {
    for brief in [
        BRIEF,
        include_str!("../../../bench/brief/dev/prose-car-rental.md"),
        include_str!("../../../bench/brief/dev/short-restaurant.md"),
        include_str!("../../../bench/brief/dev/mixed-marketplace.md"),
        include_str!("../../../bench/brief/dev/stories-fitness.md"),
    ] {
        let written = written(brief);
        let proposed = propose(Some(&written), &written.design);
        assert_eq!(proposed.added, 0, "{}", proposed.design);
        assert!(proposed.left_out.is_empty(), "{:?}", proposed.left_out);
        let body = |text: &str| text[text.find("\narchwright: 1").unwrap_or(0)..].to_owned();
        let (one, other) = (body(&proposed.design), body(&written.design));
        let different = one
            .lines()
            .zip(other.lines())
            .find(|(one, other)| one != other);
        assert_eq!(different, None);
        assert_eq!(one.len(), other.len());
    }
}

#[test]
fn without_a_written_design_all_is_proposed() {
    let proposed = propose(None, "{ entities: { Bee: { fields: { name: string } } } }");
    assert_eq!(proposed.added, 1);
    assert!(
        proposed.design.contains("  # proposed\n  Bee:"),
        "{}",
        proposed.design
    );
    assert!(
        proposed.design.contains("name: garden\n"),
        "{}",
        proposed.design
    );
}

#[test]
fn the_form_of_a_value_makes_no_difference() {
    let written = written(BRIEF);
    let allow = "{ update: [manager, admin] }";
    let rule = propose(
        Some(&written),
        &format!("{{ entities: {{ Plot: {{ allow: {allow} }} }} }}"),
    );
    let known = written.design.contains("update: manager, admin");
    assert_eq!(
        rule.added,
        usize::from(!known),
        "{}\n{}",
        rule.design,
        written.design
    );
}

#[test]
fn odd_keys_and_texts_stay_what_they_are() {
    let map = |key: &str, value: Node| Node::Map(vec![(key.to_owned(), value)]);
    let text = |text: &str| Node::Text(text.to_owned());
    let odd = "a: b\n# \"c\" \\ \u{7}";
    let fields = map("fields", map(odd, text(odd)));
    let proposal = map("entities", map("Odd: Name", fields));
    let proposed = proposed(None, &proposal, "the\ntest", "garden");
    let read = Node::read(&proposed.design).expect("it is YAML");
    let entity = read
        .get("entities")
        .and_then(|entities| entities.get("Odd: Name"));
    let field = entity.and_then(|entity| entity.get("fields"));
    let entries = field.map(Node::entries).unwrap_or_default();
    let plain = odd.replace('\u{7}', "");
    assert_eq!(entries, [(plain.clone(), text(&plain))]);
}
