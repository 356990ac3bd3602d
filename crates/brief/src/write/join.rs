//! Finds the patterns that a short brief speaks of, and joins them in its words.

use super::names;
use super::people::People;
use super::questions::{Answer, Choices, Question};
use crate::concepts::Concepts;
use crate::{terms, verbs};
use archwright_patterns::{
    Answers, Composition, Match, Settled, called, compose, matching, settled,
};
use std::collections::BTreeMap;

/// Patterns that a short brief may bring.
const MOST: usize = 6;

/// The patterns that the words speak of, joined; nothing if there are none.
pub struct Joined {
    pub composition: Composition,
    /// Words of the brief that speak for a chosen pattern, in lower case.
    pub evidence: Vec<String>,
    /// What the patterns leave open, or the brief answers.
    pub questions: Vec<Question>,
}

pub fn find(concepts: &Concepts, people: &People, choices: &Choices) -> Option<Joined> {
    let words: Vec<String> = concepts
        .sentences
        .iter()
        .flat_map(|sentence| {
            sentence
                .text
                .split(|each: char| !each.is_alphanumeric() && each != '-')
        })
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut matches = matching(&words);
    matches.truncate(MOST);
    if matches.is_empty() {
        return None;
    }
    let chosen: Vec<&str> = matches.iter().map(|own| own.id).collect();
    let settled = settled(&chosen, &words);
    let mut answers = Answers {
        names: renamed(concepts, people),
        ..Answers::default()
    };
    let first = compose(&chosen, &answers).ok()?;
    // Who does one thing of a field (a teacher) does not run the whole service.
    let staff = answers.names.get("STAFF");
    let same = |role: &&archwright_patterns::Member| Some(&role.name) == staff;
    if first.roles.iter().filter(same).count() > 1 {
        answers.names.remove("STAFF");
    }
    let by_text = settled.iter().map(|own| (&own.question, &own.choice));
    let given = choices.iter().filter(|(id, _)| id.contains('.'));
    let copied = |(id, choice): (&String, &String)| (id.clone(), choice.clone());
    answers.options = by_text.clone().chain(given).map(copied).collect();
    // An answer to a question that this choice of patterns doesn't ask, or a name that is taken, is left out.
    let composition = compose(&chosen, &answers).or_else(|_| {
        answers.options = by_text.map(copied).collect();
        compose(&chosen, &answers)
    });
    let composition = composition.ok()?;
    let own = Own {
        concepts,
        people,
        called: called(&chosen, &words),
    };
    let composition = in_own_words(&own, &composition, &matches, &mut answers)
        .and_then(|()| compose(&chosen, &answers).ok())
        .unwrap_or(composition);
    Some(Joined {
        composition,
        questions: questions(&first.questions, &settled),
        evidence: matches
            .iter()
            .flat_map(|own| own.evidence.clone())
            .map(|words| words.to_lowercase())
            .collect(),
    })
}

impl Joined {
    /// Whether words of a sentence brought a pattern.
    pub fn speaks(&self, sentence: &str) -> bool {
        let lower = sentence.to_lowercase();
        let mut words = self.evidence.iter().flat_map(|words| words.split(' '));
        words.any(|word| word.len() > 2 && lower.contains(word))
    }

    /// The role of whoever signs up.
    pub fn sign_up(&self) -> Option<&str> {
        let mut roles = self.composition.roles.iter();
        let open = roles.find(|role| role.value.text_at("sign-up") == Some("open"));
        open.map(|role| role.name.as_str())
    }

    /// Whether an entity of the patterns is called after what a verb does.
    pub fn has_noun_of(&self, verb: &str) -> bool {
        let mut entities = self.composition.entities.iter();
        entities.any(|entity| verbs::is_noun_of(&names::split(&entity.name).to_lowercase(), verb))
    }
}

/// General names of patterns, and the verbs whose object the text calls by its own name: `book courts`.
const GOODS: &[(&str, &[&str])] = &[
    (
        "Product",
        &["order", "buy", "sell", "purchase", "stock", "offer"],
    ),
    ("Bookable", &["book", "reserve", "rent", "hire"]),
    ("Title", &["borrow", "lend"]),
    ("Rentable", &["rent", "hire", "borrow", "lend"]),
    ("ServiceBooking", &["book", "schedule", "request", "order"]),
];

/// General names of patterns for people whose rows others look at: a helper that the text calls a dog walker.
const PEOPLE: &[&str] = &["Helper", "Practitioner"];

/// What the text calls the object of these verbs, if it is one kind of thing.
fn goods(concepts: &Concepts, trades: &[&str]) -> Option<String> {
    let mut goods: Vec<usize> = Vec::new();
    for act in concepts
        .acts
        .iter()
        .filter(|act| trades.contains(&act.verb.as_str()))
    {
        let entity = &concepts.entities[act.entity];
        let plain = !entity.person
            && !trades
                .iter()
                .any(|verb| verbs::is_noun_of(&entity.name, verb));
        if plain && !goods.contains(&act.entity) {
            goods.push(act.entity);
        }
    }
    match goods.as_slice() {
        [one] => names::entity(&concepts.entities[*one].name),
        _ => None,
    }
}

/// The words of the text.
struct Own<'a> {
    concepts: &'a Concepts,
    people: &'a People,
    /// Entities of the patterns, and what the text calls them.
    called: Vec<(String, String)>,
}

/// Calls a pattern's entities what the text calls them: a device that the text speaks of as a sensor is one.
fn in_own_words(
    own: &Own<'_>,
    composition: &Composition,
    matches: &[Match],
    answers: &mut Answers,
) -> Option<()> {
    let before = answers.names.clone();
    let entities = &composition.entities;
    let known = |name: &str| entities.iter().any(|entity| entity.name == name);
    let named = |name: &str| {
        let mut named = own.concepts.entities.iter();
        named.any(|entity| names::entity(&entity.name).as_deref() == Some(name))
    };
    let mut call = |general: &str, name: Option<String>| {
        let free = name.filter(|name| !known(name) && !named(general));
        if let Some(name) = free.filter(|_| known(general)) {
            answers.names.entry(general.to_owned()).or_insert(name);
        }
    };
    for (general, trades) in GOODS {
        call(general, goods(own.concepts, trades));
    }
    for (general, word) in &own.called {
        call(general, names::entity(&singular(&word.to_lowercase())));
    }
    for found in matches {
        let main = entities.iter().find(|entity| entity.origin == found.id);
        let Some(main) = main.filter(|main| !PEOPLE.contains(&main.name.as_str())) else {
            continue;
        };
        let mut evident = own.concepts.entities.iter().filter(|entity| {
            let name = names::entity(&entity.name).unwrap_or_default();
            let taken = entities.iter().any(|known| known.name.ends_with(&name));
            !entity.person && !taken && is_evidence(found, &entity.name)
        });
        if let (Some(one), None) = (evident.next(), evident.next()) {
            let whole = WHOLES.contains(&one.name.as_str());
            call(&main.name, names::entity(&one.name).filter(|_| !whole));
        }
    }
    let mut helpers = Vec::new();
    for found in matches {
        let main = entities.iter().find(|entity| entity.origin == found.id);
        let person = main.filter(|main| PEOPLE.contains(&main.name.as_str()));
        if let Some((main, words)) = person.zip(helper(own, found)) {
            call(&main.name, names::entity(&words));
            helpers.push((found, words));
        }
    }
    for (found, words) in helpers {
        roles_of(found, &words, &mut answers.names);
    }
    (answers.names != before).then_some(())
}

/// Words that bring a pattern and name the whole that is to be built, not one row of it.
const WHOLES: &[&str] = &[
    "blog",
    "shop",
    "store",
    "library",
    "forum",
    "gallery",
    "marketplace",
    "clinic",
    "hospital",
    "school",
    "university",
    "gym",
    "warehouse",
    "church",
    "charity",
    "crm",
    "cms",
    "wiki",
    "inbox",
    "hotel",
    "club",
    "chat",
    "feed",
    "calendar",
    "catalogue",
    "catalog",
];

fn singular(words: &str) -> String {
    let (start, last) = words.rsplit_once(' ').unwrap_or(("", words));
    let last = crate::singular(last).unwrap_or_else(|| last.to_owned());
    format!("{start} {last}").trim_start().to_owned()
}

fn is_evidence(found: &Match, name: &str) -> bool {
    let mut evidence = found.evidence.iter();
    evidence.any(|words| singular(&words.to_lowercase()) == name)
}

/// What the text calls those who do the work: by a word that speaks for the pattern, else the only ones that are neither
/// customers nor in charge.
fn helper(own: &Own<'_>, found: &Match) -> Option<String> {
    let outsider = own.people.outsider().map(|role| role.words.as_str());
    let evidence = found.evidence.iter();
    let evident = evidence
        .map(|words| singular(&words.to_lowercase()))
        .find(|words| {
            let works = ["er", "or", "ist"]
                .iter()
                .any(|ending| words.ends_with(ending));
            (works || terms::is_person(words)) && Some(words.as_str()) != outsider
        });
    let mut others = own.people.roles.iter().filter(|role| {
        Some(role.words.as_str()) != outsider
            && role.name != own.people.admin
            && !role.words.ends_with("manager")
    });
    evident.or_else(|| match (others.next(), others.next()) {
        (Some(one), None) => Some(one.words.clone()),
        _ => None,
    })
}

/// The role of people who have rows of their own is called like these.
fn roles_of(found: &Match, name: &str, all: &mut BTreeMap<String, String>) {
    let role = match found.id {
        "service" => "HELPER",
        "appointment" => "PRACTITIONER",
        _ => return,
    };
    if let Some(name) = names::role(name) {
        all.insert(role.to_owned(), name);
    }
}

/// The account and the roles in the words of the brief.
fn renamed(concepts: &Concepts, people: &People) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    if let Some(account) = people
        .account
        .and_then(|at| names::entity(&concepts.entities[at].name))
    {
        renamed.insert("ACCOUNT".to_owned(), account);
    }
    if let Some(role) = people.outsider() {
        renamed.insert("MEMBER".to_owned(), role.name.clone());
    }
    let staff = people.roles.iter().find(|role| {
        Some(&role.name) != people.sign_up.as_ref()
            && role.name != people.admin
            && super::people::is_staff(&role.words)
    });
    if let Some(role) = staff {
        renamed.insert("STAFF".to_owned(), role.name.clone());
    }
    renamed.insert("ADMIN".to_owned(), people.admin.clone());
    renamed
}

/// The patterns' questions in the form of our own; what the brief answers comes first among the options.
fn questions(open: &[archwright_patterns::Question], settled: &[Settled]) -> Vec<Question> {
    let mut questions = Vec::new();
    for question in open {
        let options = question.choices.iter().map(|choice| Answer {
            id: choice.id.clone(),
            gives: choice.gives.clone(),
            changes: match choice.changes.is_empty() {
                true => "as designed here".to_owned(),
                false => choice.changes.join(", "),
            },
        });
        let mut own = Question {
            id: question.id.clone(),
            ask: question.ask.clone(),
            why: question.why.clone(),
            options: options.collect(),
            weight: question.weight,
            settled: None,
        };
        if let Some(settled) = settled.iter().find(|each| each.question == own.id) {
            own.options
                .sort_by_key(|option| option.id != settled.choice);
            own.settled = Some(settled.evidence.clone());
        }
        questions.push(own);
    }
    questions
}
