//! Who does what to whom: for each verb its subjects, its objects, and what follows its prepositions.

use crate::chunk::{Unit, VerbGroup};
use crate::items::{self, Item, Side};

/// Who is the subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    Items(Vec<Item>),
    /// `whose …`: the items belong to the phrase before.
    Whose {
        owner: Box<Item>,
        items: Vec<Item>,
    },
    None,
}

#[derive(Clone, Debug)]
pub struct Clause {
    /// The place of the verb among the units.
    pub at: usize,
    pub verb: VerbGroup,
    pub subject: Subject,
    /// `in which they have a number`, `of which the date is kept`: what the clause is about.
    pub about: Option<Item>,
    pub objects: Vec<Item>,
    /// Prepositions right after the verb, or after a comma, with what follows.
    pub around: Vec<(String, Vec<Item>)>,
    /// Adjectives and participles after `be`: `is open, paid or late`.
    pub predicates: Vec<String>,
    /// After `if`, `when`, `because`, …
    pub subordinate: Option<String>,
    /// In a relative clause.
    pub relative: bool,
    /// `only the manager`
    pub only: bool,
}

pub fn clauses(units: &[Unit]) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        let Unit::Verb(verb) = unit else { continue };
        let mut clause = Clause {
            at,
            verb: verb.clone(),
            subject: Subject::None,
            about: None,
            objects: Vec::new(),
            around: Vec::new(),
            predicates: Vec::new(),
            subordinate: None,
            relative: false,
            only: false,
        };
        find_subject(units, at, &clauses, &mut clause);
        find_objects(units, at + 1, &mut clause);
        clauses.push(clause);
    }
    clauses
}

/// The place before which the words of this verb's clause begin.
fn left_edge(units: &[Unit], verb: usize) -> usize {
    let mut at = verb;
    let mut depth = 0_usize;
    while at > 0 {
        match &units[at - 1] {
            Unit::Close => depth += 1,
            Unit::Open if depth == 0 => break,
            Unit::Open => depth -= 1,
            _ if depth > 0 => {}
            Unit::Verb(verb) if verb.reduced => {}
            Unit::Verb(_)
            | Unit::Subordinator(_)
            | Unit::Relative(_)
            | Unit::Colon
            | Unit::But
            | Unit::Dash => break,
            Unit::Other(mark) if mark != "'s" && mark != "\"" => break,
            _ => {}
        }
        at -= 1;
    }
    at
}

fn find_subject(units: &[Unit], verb: usize, before: &[Clause], clause: &mut Clause) {
    let mut end = verb;
    while end > 0 && matches!(units[end - 1], Unit::Adverb(_)) {
        end -= 1;
    }
    let edge = left_edge(units, end);
    if edge > 0
        && let Unit::Subordinator(word) = &units[edge - 1]
    {
        clause.subordinate = Some(word.clone());
    }
    if end > 0 && matches!(units[end - 1], Unit::Relative(_)) {
        clause.relative = true;
        clause.subject =
            antecedent(units, end - 1).map_or(Subject::None, |item| Subject::Items(vec![item]));
        return;
    }
    let shares = end == edge
        || matches!(
            units[end - 1],
            Unit::And | Unit::Or | Unit::Comma | Unit::But
        )
        || clause.verb.infinitive
        || clause.verb.gerund && end > 0 && matches!(units[end - 1], Unit::Preposition(_));
    if shares {
        if let Some(previous) = before.last() {
            clause.subject = match clause.verb.infinitive && lets(previous, end, units) {
                true => Subject::Items(previous.objects.clone()),
                false => previous.subject.clone(),
            };
            clause.about = previous.about.clone();
            clause.relative = previous.relative;
            clause.subordinate = previous.subordinate.clone();
            clause.only = previous.only;
        }
        return;
    }
    if clause.verb.reduced {
        clause.relative = true;
        clause.subject =
            antecedent(units, end).map_or(Subject::None, |item| Subject::Items(vec![item]));
        return;
    }
    let found = subject_list(units, edge, end);
    if edge > 0
        && let Unit::Relative(word) = &units[edge - 1]
    {
        clause.relative = true;
        if let Some(owner) = antecedent(units, edge - 1) {
            if word == "whose" {
                clause.subject = Subject::Whose {
                    owner: Box::new(owner),
                    items: found,
                };
                return;
            }
            clause.about = Some(owner);
        }
    }
    clause.only = edge_only(units, edge, end);
    clause.subject = if found.is_empty() {
        Subject::None
    } else {
        Subject::Items(found)
    };
}

/// `wants its members to book`: the members do it.
fn lets(previous: &Clause, end: usize, units: &[Unit]) -> bool {
    let lets = matches!(
        previous.verb.lemma.as_str(),
        "want"
            | "let"
            | "allow"
            | "enable"
            | "help"
            | "ask"
            | "need"
            | "permit"
            | "require"
            | "expect"
            | "invite"
    );
    let [object] = previous.objects.as_slice() else {
        return false;
    };
    let adjacent =
        matches!(&units[end.saturating_sub(1)], Unit::Phrase(phrase) if *phrase == object.phrase);
    lets && adjacent && crate::terms::is_person(&crate::terms::name(&object.phrase))
}

fn edge_only(units: &[Unit], edge: usize, end: usize) -> bool {
    units[edge..end]
        .iter()
        .any(|unit| matches!(unit, Unit::Adverb(word) if word == "only"))
}

/// The phrase that `who`, `which` or `that` stands for.
fn antecedent(units: &[Unit], relative: usize) -> Option<Item> {
    let mut at = relative;
    while at > 0
        && matches!(
            units[at - 1],
            Unit::Preposition(_) | Unit::Comma | Unit::Adverb(_)
        )
    {
        at -= 1;
    }
    if at > 0 && units[at - 1] == Unit::Close {
        at = units[..at].iter().rposition(|unit| *unit == Unit::Open)?;
    }
    let at = at.checked_sub(1)?;
    match &units[at] {
        Unit::Phrase(phrase) if phrase.words.is_empty() && phrase.pronoun.is_none() => {
            // `one of which`, `each of whom`
            antecedent(units, at)
        }
        Unit::Phrase(phrase) => Some(Item {
            phrase: phrase.clone(),
            ..Item::default()
        }),
        _ => None,
    }
}

/// The list that ends right before the verb.
fn subject_list(units: &[Unit], edge: usize, end: usize) -> Vec<Item> {
    let mut at = edge;
    let after_verb = edge > 0 && matches!(units[edge - 1], Unit::Verb(_));
    let mut first = true;
    while at < end {
        if matches!(units[at], Unit::Preposition(_)) {
            // `In the evening, the guests …`: what follows the preposition is no subject.
            at += 1;
            if let Some((_, next)) = items::item(units, at, Side::Subject) {
                at = next.max(at + 1);
            }
            first = false;
            continue;
        }
        if !matches!(units[at], Unit::Phrase(_)) {
            at += 1;
            continue;
        }
        let (mut found, next) = items::list(&units[..end], at, Side::Subject);
        let next = next.max(at + 1);
        if next >= end
            || units[next..end]
                .iter()
                .all(|unit| matches!(unit, Unit::Adverb(_) | Unit::Comma))
        {
            if first && after_verb && found.len() > 1 {
                // The objects of the verb before run into the subject.
                found = found.split_off(found.len() - 1);
            }
            return found;
        }
        at = next;
        first = false;
    }
    Vec::new()
}

fn find_objects(units: &[Unit], start: usize, clause: &mut Clause) {
    let mut at = start;
    while matches!(units.get(at), Some(Unit::Adverb(_))) {
        at += 1;
    }
    if matches!(units.get(at), Some(Unit::Colon)) && clause.verb.lemma != "be" {
        at += 1;
    }
    if clause.verb.lemma == "be" || clause.verb.passive {
        at = predicates(units, at, clause);
    }
    // `gives each film a score`: the receiver, then the thing.
    let (objects, next) = items::list(units, at, Side::Object);
    clause.objects = objects;
    at = next;
    if let Some(Unit::Phrase(second)) = units.get(at) {
        let (things, next) = items::list(units, at, Side::Object);
        if is_rate(second) {
            // `300 orders a week`
            at += 1;
        } else if !things.is_empty()
            && !matches!(units.get(next), Some(Unit::Verb(_)))
            && !clause.objects.is_empty()
        {
            clause.around.push((
                "to".to_owned(),
                std::mem::replace(&mut clause.objects, things),
            ));
            at = next;
        }
    }
    loop {
        let mut from = at;
        while matches!(
            units.get(from),
            Some(Unit::Comma | Unit::And | Unit::Adverb(_))
        ) {
            from += 1;
        }
        let Some(Unit::Preposition(word)) = units.get(from) else {
            break;
        };
        let (found, next) = items::list(units, from + 1, Side::Object);
        if found.is_empty() {
            break;
        }
        if from > at
            && matches!(units.get(next), Some(Unit::Comma))
            && matches!(units.get(next + 1), Some(Unit::Phrase(_)))
            && word == "for"
        {
            break;
        }
        clause.around.push((word.clone(), found));
        at = next;
    }
}

/// `a week`, `each day` after what there is so much of.
fn is_rate(phrase: &crate::chunk::Phrase) -> bool {
    let [unit] = phrase.words.as_slice() else {
        return false;
    };
    let each = matches!(
        phrase.determiner.as_deref(),
        Some("a" | "an" | "each" | "every" | "per")
    );
    each && matches!(
        unit.lower.as_str(),
        "hour" | "day" | "night" | "week" | "month" | "quarter" | "season" | "semester" | "year"
    )
}

/// `open, paid or overdue`; gives the place after them.
fn predicates(units: &[Unit], start: usize, clause: &mut Clause) -> usize {
    let mut at = start;
    let mut end = start;
    let mut found = Vec::new();
    if clause.verb.passive {
        found.push(clause.verb.text.clone());
    }
    while let Some(unit) = units.get(at) {
        match unit {
            Unit::Adjective(word) => {
                found.push(word.clone());
                end = at + 1;
            }
            Unit::Verb(verb)
                if verb.reduced
                    || (at > start && !verb.gerund && !verb.infinitive && verb.modal.is_none()) =>
            {
                found.push(verb.text.clone());
                end = at + 1;
            }
            Unit::Comma | Unit::Or | Unit::And | Unit::Adverb(_) => {}
            Unit::Phrase(phrase)
                if phrase.words.is_empty()
                    && matches!(phrase.determiner.as_deref(), Some("either" | "both")) => {}
            _ => break,
        }
        at += 1;
    }
    if found.len() > 1 || !clause.verb.passive {
        clause.predicates = found;
    }
    end
}

impl Clause {
    pub fn summary(&self) -> String {
        let names = |items: &[Item]| {
            items
                .iter()
                .map(|item| {
                    let around: Vec<String> = item
                        .around
                        .iter()
                        .map(|(word, inner)| {
                            let inner: Vec<String> = inner
                                .iter()
                                .map(|each| crate::terms::full_name(&each.phrase))
                                .collect();
                            format!(" {word} {}", inner.join("+"))
                        })
                        .collect();
                    let of: Vec<String> = item
                        .of
                        .iter()
                        .map(|of| format!(" of {}", crate::terms::full_name(of)))
                        .collect();
                    format!(
                        "{}{}{}{:?}",
                        item.phrase
                            .pronoun
                            .clone()
                            .unwrap_or_else(|| crate::terms::full_name(&item.phrase)),
                        of.concat(),
                        around.concat(),
                        item.values
                    )
                    .replace("[]", "")
                })
                .collect::<Vec<_>>()
                .join(", ")
        };
        let subject = match &self.subject {
            Subject::Items(items) => names(items),
            Subject::Whose { owner, items } => format!(
                "whose({} : {})",
                names(std::slice::from_ref(owner.as_ref())),
                names(items)
            ),
            Subject::None => "-".to_owned(),
        };
        let around: Vec<String> = self
            .around
            .iter()
            .map(|(word, items)| format!(" <{word}> {}", names(items)))
            .collect();
        format!(
            "[{subject}] {}{} [{}]{}{}",
            self.verb.lemma,
            if self.verb.passive { "(passive)" } else { "" },
            names(&self.objects),
            around.concat(),
            if self.predicates.is_empty() {
                String::new()
            } else {
                format!(" {:?}", self.predicates)
            }
        )
    }
}
