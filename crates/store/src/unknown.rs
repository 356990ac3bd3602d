//! What is said about a name that is not known: the nearest one, and which there are.

use crate::Fault;
use archwright_plan::{limits, nearest};

/// More names than this are no help.
const MOST_LISTED: usize = 24;
/// Names of a request are repeated up to here.
const MOST_REPEATED: usize = 60;

/// Whether more is wrong with a request than is shown of it, so that nothing has to be said of the rest: it may consist
/// of faults.
pub(crate) fn is_enough(faults: &[Fault]) -> bool {
    faults.len() > limits::FAULTS
}

/// `There is no field "titel"; did you mean "title"? There are id, title and price.`
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let shown: String = name.chars().take(MOST_REPEATED).collect();
    let meant = match nearest(name, known.iter().copied()) {
        Some(near) => format!("; did you mean {near:?}?"),
        None => ".".to_owned(),
    };
    let listed = match listed(&known, "and") {
        Some(listed) => format!(" There are {listed}."),
        None => String::new(),
    };
    format!("There is no {what} {shown:?}{meant}{listed}")
}

/// `a, b and c`, of which some may be left out; nothing where there is nothing to choose.
pub(crate) fn listed(names: &[&str], last: &str) -> Option<String> {
    match names {
        [] => None,
        [only] => Some((*only).to_owned()),
        [first @ .., end] if names.len() <= MOST_LISTED => {
            Some(format!("{} {last} {end}", first.join(", ")))
        }
        _ => {
            let rest = names.len() - MOST_LISTED;
            Some(format!(
                "{} and {rest} more",
                names[..MOST_LISTED].join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn the_nearest_name_is_offered_and_the_list_is_bounded() {
        assert_eq!(
            unknown("field", "titel", ["id", "title"]),
            "There is no field \"titel\"; did you mean \"title\"? There are id and title."
        );
        assert_eq!(
            unknown("relation", "colour", []),
            "There is no relation \"colour\"."
        );
        let names: Vec<String> = (0..1_000).map(|index| format!("name{index}")).collect();
        let said = unknown(
            "field",
            &"x".repeat(9_000),
            names.iter().map(String::as_str),
        );
        assert!(said.ends_with("name23 and 976 more."), "{said}");
        assert!(said.len() < 400, "{} bytes", said.len());
    }
}
