//! The rules that turn clauses into what owns what, and what is tied to what.

use crate::chunk::{Phrase, Unit, places};
use crate::clauses::{Clause, Subject, clauses};
use crate::items::{self, Item, Side};
use crate::ledger::{Act, Counted, Kind, Ledger, Link, Near, Own, Stated};
use crate::markup::BlockKind;
use crate::sentence::Sentence;
use crate::{quantities, states, story, terms, verbs};

/// What the last sentences were about, for pronouns and for lists without an owner.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub topic: Option<String>,
    pub thing: Option<String>,
    pub person: Option<String>,
    /// Who speaks in a user story.
    pub speaker: Option<String>,
    /// `For each order, …`
    pub scope: Option<String>,
    pub sentence: usize,
    /// The clause says `may have`.
    pub optional: bool,
    /// The clause says `is identified by`.
    pub identifies: bool,
    /// The list at hand has one item.
    pub alone: bool,
}

pub fn read(sentences: &[Sentence]) -> Ledger {
    let mut reader = Reader::default();
    let mut block = None;
    for (index, sentence) in sentences.iter().enumerate() {
        reader.context.sentence = index;
        reader.context.scope = None;
        if block != Some(sentence.block) && sentence.kind != BlockKind::Item {
            reader.context.thing = None;
            reader.context.person = None;
        }
        block = Some(sentence.block);
        reader.sentence(sentence);
    }
    reader.ledger.count();
    reader.ledger
}

#[derive(Default)]
pub struct Reader {
    pub ledger: Ledger,
    pub context: Context,
}

impl Reader {
    fn sentence(&mut self, sentence: &Sentence) {
        let (units, starts) = places(&sentence.tokens);
        self.amounts(sentence);
        if sentence.kind == BlockKind::Heading {
            return self.heading(&units);
        }
        if let Some(story) = story::parts(&units) {
            return self.story(&units, story);
        }
        self.context.speaker = None;
        let body = self.label(&units);
        self.statement(&units[body..]);
        self.states(sentence, &units, &starts);
    }

    fn amounts(&mut self, sentence: &Sentence) {
        for amount in quantities::find(&sentence.tokens) {
            self.ledger.amounts.push((amount, self.context.sentence));
        }
    }

    /// The states listed after `is`, for the subject of the sentence.
    fn states(&mut self, sentence: &Sentence, units: &[Unit], starts: &[usize]) {
        let Some(states) = states::find(&sentence.tokens) else {
            return;
        };
        // `can be modified or cancelled` says what may be done, not what it goes through.
        let may = states.at > 0
            && matches!(
                sentence.tokens[states.at - 1].lower.as_str(),
                "can" | "may" | "could" | "might"
            );
        let deeds = [
            "deleted", "modified", "changed", "edited", "updated", "extended", "renewed",
        ];
        let mut all = states.steps.iter().flatten();
        if may && !states.ordered && all.any(|state| deeds.contains(&state.as_str())) {
            return;
        }
        let phrases = units
            .iter()
            .zip(starts)
            .filter(|(_, start)| **start < states.at);
        let phrases: Vec<&Phrase> = phrases.filter_map(|(unit, _)| phrase_of(unit)).collect();
        let subject = phrases.iter().find_map(|phrase| {
            let item = Item {
                phrase: (*phrase).clone(),
                ..Item::default()
            };
            self.resolve(&item).filter(|name| {
                !terms::is_empty(name) && terms::property(name) < 0.5 && !terms::is_person(name)
            })
        });
        if let Some(name) = subject {
            self.ledger.stated.push(Stated {
                name,
                states,
                sentence: self.context.sentence,
            });
        }
    }

    fn heading(&mut self, units: &[Unit]) {
        self.context.topic = None;
        self.ledger.headings.push(self.context.sentence);
        for unit in units {
            let Unit::Phrase(phrase) = unit else { continue };
            if let Some(name) = self.ledger.mention(phrase, self.context.sentence) {
                self.ledger.term(&name, self.context.sentence).heading += 1;
                self.context.topic.get_or_insert(name);
            }
        }
    }

    fn story(&mut self, units: &[Unit], story: story::Story) {
        let sentence = self.context.sentence;
        self.ledger.stories += 1;
        let speaker = terms::name(&story.actor);
        if !speaker.is_empty() {
            let term = self.ledger.term(&speaker, sentence);
            term.actor += 1;
            term.mentions += 1;
            self.context.speaker = Some(speaker.clone());
            self.context.person = Some(speaker.clone());
            self.context.topic = Some(speaker);
        }
        self.statement(&units[story.wish]);
    }

    /// `Order: number, date` gives an order its properties; `Orders: a clerk …` names the topic. Gives the place after
    /// the label.
    fn label(&mut self, units: &[Unit]) -> usize {
        let Some(colon) = units.iter().take(6).position(|unit| *unit == Unit::Colon) else {
            return 0;
        };
        let labels: Vec<&Phrase> = units[..colon]
            .iter()
            .filter_map(|unit| match unit {
                Unit::Phrase(phrase) => Some(phrase),
                _ => None,
            })
            .collect();
        let plain = units[..colon].iter().all(|unit| {
            matches!(
                unit,
                Unit::Phrase(_)
                    | Unit::Open
                    | Unit::Close
                    | Unit::And
                    | Unit::Comma
                    | Unit::Other(_)
            )
        });
        if !plain || labels.is_empty() {
            return 0;
        }
        let sentence = self.context.sentence;
        let Some(name) = labels
            .iter()
            .find_map(|phrase| self.ledger.mention(phrase, sentence))
        else {
            return colon + 1;
        };
        self.ledger.term(&name, sentence).heading += 1;
        self.context.topic = Some(name.clone());
        let rest = &units[colon + 1..];
        let (items, _) = items::list(rest, 0, Side::Object);
        let verbless = !rest
            .iter()
            .any(|unit| matches!(unit, Unit::Verb(verb) if !verb.reduced && !verb.gerund));
        if verbless && !items.is_empty() {
            for phrase in rest.iter().filter_map(phrase_of) {
                self.ledger.mention(phrase, sentence);
            }
            self.own_all(&name, &items, false);
            self.context.topic = Some(name);
            return units.len();
        }
        self.remember(&name);
        colon + 1
    }

    fn statement(&mut self, units: &[Unit]) {
        self.count(units);
        self.scope(units);
        let clauses = clauses(units);
        let topic = self.context.topic.clone();
        if clauses.is_empty() {
            self.fragment(units);
        }
        for clause in &clauses {
            self.clause(clause);
        }
        self.causes(&clauses);
        self.near(units, topic);
        self.genitives(units);
        self.possessors(units);
    }

    /// Counts all phrases, and those that only follow prepositions.
    fn count(&mut self, units: &[Unit]) {
        let sentence = self.context.sentence;
        for (at, unit) in units.iter().enumerate() {
            let Unit::Phrase(phrase) = unit else { continue };
            let Some(name) = self.ledger.mention(phrase, sentence) else {
                continue;
            };
            if at > 0 && matches!(&units[at - 1], Unit::Preposition(_)) {
                self.ledger.term(&name, sentence).aside += 1;
            }
        }
    }

    /// `For each order`, `Of every student`, `Whenever a treatment is given`.
    fn scope(&mut self, units: &[Unit]) {
        let start = match (units.first(), units.get(1)) {
            (Some(Unit::Preposition(word)), Some(Unit::Phrase(_)))
                if matches!(
                    word.as_str(),
                    "for"
                        | "of"
                        | "with"
                        | "per"
                        | "on"
                        | "in"
                        | "at"
                        | "within"
                        | "from"
                        | "about"
                        | "during"
                        | "to"
                ) =>
            {
                1
            }
            (Some(Unit::Subordinator(word)), Some(Unit::Phrase(_)))
                if matches!(word.as_str(), "whenever" | "when" | "each" | "once") =>
            {
                1
            }
            _ => return,
        };
        let Some((item, _)) = items::item(units, start, Side::Subject) else {
            return;
        };
        let determiner = item.phrase.determiner.as_deref();
        let each = matches!(
            determiner,
            Some("each" | "every" | "any" | "all" | "a" | "an")
        ) || item.phrase.plural
            || start == 1
                && matches!(&units[0], Unit::Preposition(word) if word == "for" || word == "of");
        if !each {
            return;
        }
        if let Some(name) = self.resolve(&item)
            && !terms::is_empty(&name)
            && terms::property(&name) < 0.5
        {
            let term = self.ledger.term(&name, self.context.sentence);
            term.each += u32::from(matches!(determiner, Some("each" | "every")));
            self.context.scope = Some(name);
        }
    }

    fn fragment(&mut self, units: &[Unit]) {
        let Some(start) = units
            .iter()
            .position(|unit| matches!(unit, Unit::Phrase(_)))
        else {
            return;
        };
        let (items, _) = items::list(units, start, Side::Object);
        for item in &items {
            self.inside(item);
        }
        if let Some(scope) = self.context.scope.clone() {
            self.own_all(&scope, &items, true);
        }
    }

    /// Who stands near whom, for names that nothing else ties to anything.
    fn near(&mut self, units: &[Unit], topic: Option<String>) {
        let names: Vec<String> = units
            .iter()
            .filter_map(phrase_of)
            .map(terms::name)
            .filter(|name| !terms::is_empty(name))
            .collect();
        for (at, name) in names.iter().enumerate() {
            let mut others: Vec<(usize, String)> = names
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(other, name)| (other.abs_diff(at), name.clone()))
                .collect();
            others.sort();
            self.ledger.near.push(Near {
                name: name.clone(),
                others: others
                    .into_iter()
                    .map(|(_, name)| name)
                    .chain(topic.clone())
                    .collect(),
                sentence: self.context.sentence,
            });
        }
    }

    /// `When an inverter fails, the system raises an alert`: what happens, and what is made then. `To book a table, a
    /// guest gives a date`: what is done, and what it takes.
    fn causes(&mut self, clauses: &[Clause]) {
        for cause in clauses {
            let purpose = cause.verb.infinitive && cause.at <= 1;
            let when = cause.subordinate.as_deref().is_some_and(|word| {
                matches!(
                    word,
                    "when" | "whenever" | "if" | "once" | "after" | "before" | "as"
                )
            });
            for made in clauses.iter().filter(|clause| {
                clause.at > cause.at && clause.subordinate.is_none() && !clause.relative
            }) {
                if purpose {
                    for item in &made.objects {
                        self.own_by_verb(&cause.verb.lemma, item);
                    }
                }
                if !when || !verbs::makes(&made.verb) {
                    continue;
                }
                let results: Vec<String> = if made.verb.passive {
                    self.subjects(made)
                } else {
                    made.objects
                        .iter()
                        .filter_map(|item| self.resolve(item))
                        .collect()
                };
                let involved: Vec<String> = self
                    .subjects(cause)
                    .into_iter()
                    .chain(cause.objects.iter().filter_map(|item| self.resolve(item)))
                    .collect();
                for result in &results {
                    for other in involved.iter().filter(|other| !terms::is_person(other)) {
                        self.tie_names(result, other, "when", 0.7, None);
                    }
                }
            }
        }
    }

    fn own_by_verb(&mut self, verb: &str, item: &Item) {
        self.ledger.takes.push(Own {
            owner: verb.to_owned(),
            item: item.clone(),
            sentence: self.context.sentence,
            weak: true,
            optional: false,
            identifies: false,
            alone: false,
            values: item.values.clone(),
        });
    }

    /// `the name of the owner`
    fn genitives(&mut self, units: &[Unit]) {
        for at in 0..units.len().saturating_sub(2) {
            let (Unit::Phrase(first), Unit::Preposition(word), Unit::Phrase(second)) =
                (&units[at], &units[at + 1], &units[at + 2])
            else {
                continue;
            };
            let counts = first.head().is_some_and(|head| {
                matches!(
                    head.lemma.as_str(),
                    "number" | "amount" | "list" | "kind" | "type" | "part" | "end" | "sum"
                )
            });
            if word != "of" || second.words.is_empty() || first.words.is_empty() || counts {
                continue;
            }
            let owner = terms::name(second);
            let item = Item {
                phrase: first.clone(),
                ..Item::default()
            };
            self.own(&owner, &item, true);
        }
    }

    /// `the owner's name`, `its name` outside a list.
    fn possessors(&mut self, units: &[Unit]) {
        for unit in units {
            let Unit::Phrase(phrase) = unit else { continue };
            let item = Item {
                phrase: phrase.clone(),
                ..Item::default()
            };
            if let Some(Unit::Phrase(owner)) =
                phrase.possessor.map(|at| &units[at.min(units.len() - 1)])
            {
                let owner = terms::name(owner);
                self.own(&owner, &item, true);
            } else if let Some(owner) = self.possessive(phrase) {
                self.own(&owner, &item, true);
            }
        }
    }

    /// Whom `its`, `their`, `my` stand for.
    pub fn possessive(&self, phrase: &Phrase) -> Option<String> {
        match phrase.determiner.as_deref()? {
            "my" | "our" | "your" => self.context.speaker.clone(),
            "its" => self
                .context
                .scope
                .clone()
                .or_else(|| self.context.thing.clone())
                .or_else(|| self.context.topic.clone()),
            "his" | "her" | "his/her" => self
                .context
                .person
                .clone()
                .or_else(|| self.context.topic.clone()),
            "their" => self
                .context
                .scope
                .clone()
                .or_else(|| self.context.topic.clone())
                .or_else(|| self.context.person.clone()),
            _ => None,
        }
    }

    /// The name that an item stands for, pronouns resolved.
    pub fn resolve(&self, item: &Item) -> Option<String> {
        resolve(&self.context, item)
    }

    /// The names of those who do what the clause says; nothing for the system and for `we`.
    fn subjects(&self, clause: &Clause) -> Vec<String> {
        match &clause.subject {
            Subject::Items(items) => items
                .iter()
                .filter_map(|item| self.resolve(item))
                .filter(|name| !terms::is_empty(name))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn clause(&mut self, clause: &Clause) {
        let subjects = self.subjects(clause);
        self.weigh(clause, &subjects);
        self.act(clause, &subjects);
        self.context.optional = matches!(
            clause.verb.modal.as_deref(),
            Some("may" | "can" | "might" | "could")
        );
        self.context.identifies = verbs::identifies(&clause.verb);
        if clause.predicates.iter().any(|word| word == "unique") {
            self.ledger.unique.extend(subjects.iter().cloned());
        }
        for item in &clause.objects {
            self.inside(item);
        }
        for item in clause.around.iter().flat_map(|(_, items)| items) {
            // What else hangs on it says more of the subject: `takes place in a room on a date`.
            if let Some(name) = self.resolve(item) {
                for (_, inner) in item.around.iter().filter(|(word, _)| word == "with") {
                    self.own_all(&name, inner, true);
                }
            }
        }
        if let Subject::Items(items) = &clause.subject {
            for item in items {
                self.inside(item);
            }
        }
        if let Subject::Whose { owner, items } = &clause.subject {
            if let Some(owner) = self.resolve(owner) {
                self.own_all(&owner, items, false);
            }
        } else if verbs::identifies(&clause.verb)
            && clause
                .around
                .iter()
                .any(|(word, _)| matches!(word.as_str(), "by" | "with" | "as"))
            && !self.list_subject(clause)
        {
            self.identified(clause, &subjects);
        } else if verbs::recorded(&clause.verb) {
            self.recorded(clause, &subjects);
        } else if clause.verb.lemma == "be" {
            self.is(clause, &subjects);
        } else if verbs::divides(&clause.verb)
            && clause
                .around
                .iter()
                .any(|(word, _)| matches!(word.as_str(), "of" | "into" | "from" | "in"))
        {
            self.divided(clause, &subjects);
        } else if self.has_recorder(clause, &subjects) && verbs::records(&clause.verb) {
            self.records(clause);
        } else if verbs::has(&clause.verb) {
            self.has(clause, &subjects);
        } else {
            self.acts(clause, &subjects);
        }
        self.move_on(clause, &subjects);
    }

    /// Notes who does what, for roles and rules.
    fn act(&mut self, clause: &Clause, subjects: &[String]) {
        let mut note = |actor: &str, object: &Item, name: Option<String>, sentence: usize| {
            let Some(name) = name.filter(|name| !terms::is_empty(name)) else {
                return;
            };
            let own = matches!(
                object.phrase.determiner.as_deref(),
                Some("my" | "their" | "his" | "her" | "our")
            ) || object.phrase.words.iter().any(|word| word.lower == "own");
            self.ledger.acts.push(Act {
                actor: actor.to_owned(),
                verb: clause.verb.lemma.clone(),
                object: name,
                only: clause.only,
                negated: clause.verb.negated,
                own,
                sentence,
            });
        };
        let sentence = self.context.sentence;
        let names: Vec<Option<String>> = clause
            .objects
            .iter()
            .map(|item| resolve(&self.context, item))
            .collect();
        if clause.verb.passive {
            if clause.around.iter().all(|(word, _)| word != "by") {
                for subject in subjects {
                    note("", &Item::default(), Some(subject.clone()), sentence);
                }
            }
            let agents = clause
                .around
                .iter()
                .filter(|(word, _)| word == "by")
                .flat_map(|(_, items)| items);
            for agent in agents.filter_map(|item| resolve(&self.context, item)) {
                if terms::is_person(&agent) {
                    for subject in subjects {
                        note(&agent, &Item::default(), Some(subject.clone()), sentence);
                    }
                }
            }
            return;
        }
        for subject in subjects.iter().filter(|subject| terms::is_person(subject)) {
            for (item, name) in clause.objects.iter().zip(&names) {
                note(subject, item, name.clone(), sentence);
            }
        }
    }

    fn list_subject(&self, clause: &Clause) -> bool {
        matches!(&clause.subject, Subject::Items(items) if items.len() > 1)
    }

    /// Whether the subject is who records: the system, `we`, or the organisation in `the school keeps for each …`.
    fn has_recorder(&mut self, clause: &Clause, subjects: &[String]) -> bool {
        if subjects.is_empty() {
            return true;
        }
        let scoped = self
            .context
            .scope
            .as_ref()
            .is_some_and(|scope| !subjects.contains(scope));
        let definite = matches!(&clause.subject, Subject::Items(items) if items.len() == 1 && !items[0].phrase.plural && items[0].phrase.determiner.as_deref() == Some("the"));
        if scoped
            && definite
            && verbs::records(&clause.verb)
            && self.lists_properties(&clause.objects)
        {
            for name in subjects {
                self.ledger.term(name, self.context.sentence).records += 1;
            }
            return true;
        }
        scoped && verbs::records(&clause.verb) && self.lists_properties(&clause.objects)
    }

    fn lists_properties(&self, items: &[Item]) -> bool {
        let count = items
            .iter()
            .filter(|item| terms::property(&terms::full_name(&item.phrase)) > 0.5)
            .count();
        count * 2 >= items.len() && count > 0
    }

    /// Notes what the place of a name in the clause says about it.
    fn weigh(&mut self, clause: &Clause, subjects: &[String]) {
        let sentence = self.context.sentence;
        let story = self.context.speaker.is_some();
        if let Subject::Items(items) = &clause.subject {
            for (item, name) in items.iter().zip(subjects) {
                let introduced = matches!(
                    item.phrase.determiner.as_deref(),
                    Some("a" | "an" | "each" | "every")
                ) || item.phrase.plural && item.phrase.determiner.is_none();
                let term = self.ledger.term(name, sentence);
                if !clause.verb.passive
                    && clause.verb.lemma != "be"
                    && item.phrase.pronoun.is_none()
                {
                    term.acts += 1;
                }
                term.introduced += u32::from(introduced && !clause.relative);
                if clause.verb.passive
                    && verbs::makes(&clause.verb)
                    && item.phrase.pronoun.is_none()
                {
                    term.made += 1;
                }
            }
        }
        for item in &clause.objects {
            let Some(name) = self.resolve(item) else {
                continue;
            };
            if terms::is_empty(&name) || item.phrase.pronoun.is_some() {
                continue;
            }
            let term = self.ledger.term(&name, sentence);
            term.object += 1;
            term.wanted += u32::from(story);
            term.made += u32::from(verbs::makes(&clause.verb) && !subjects.is_empty());
        }
    }

    /// What hangs on an item: `with a name and a price`, `for a member`.
    fn inside(&mut self, item: &Item) {
        let Some(name) = self.resolve(item) else {
            return;
        };
        for (word, inner) in &item.around {
            if word == "with" || word == "including" {
                self.own_all(&name, inner, true);
            } else if word != "between" {
                for each in inner {
                    self.own_weak_property(&name, each, word);
                    self.tie(&name, each, word, 0.4);
                }
            }
        }
    }

    fn own_weak_property(&mut self, owner: &str, item: &Item, word: &str) {
        if matches!(word, "at" | "on") {
            self.own(owner, item, true);
        }
    }

    fn identified(&mut self, clause: &Clause, subjects: &[String]) {
        for subject in subjects {
            for (word, items) in &clause.around {
                if matches!(word.as_str(), "by" | "with" | "as") {
                    self.own_all(subject, items, false);
                }
            }
        }
    }

    fn recorded(&mut self, clause: &Clause, subjects: &[String]) {
        let Subject::Items(items) = &clause.subject else {
            return;
        };
        let with = clause.around.iter().find(|(word, _)| {
            matches!(
                word.as_str(),
                "for" | "of" | "with" | "per" | "on" | "about" | "to"
            )
        });
        let owner = clause
            .about
            .as_ref()
            .and_then(|item| self.resolve(item))
            .or_else(|| self.context.scope.clone())
            .or_else(|| {
                with.and_then(|(_, items)| items.first())
                    .and_then(|item| self.resolve(item))
            });
        if self.lists_properties(items) {
            if let Some(owner) = owner.or_else(|| self.context.topic.clone()) {
                self.own_all(&owner, items, false);
            }
            return;
        }
        // `Every stock movement is logged with a timestamp and a reason.`
        for subject in subjects {
            for (word, items) in &clause.around {
                match word.as_str() {
                    "with" => self.own_all(subject, items, true),
                    _ => {
                        for item in items {
                            self.own_weak_property(subject, item, word);
                            self.tie(subject, item, word, 0.7);
                        }
                    }
                }
            }
            if let Some(scope) = self.context.scope.clone() {
                self.tie_names(&scope, subject, "for", 0.9, None);
            }
        }
    }

    fn is(&mut self, clause: &Clause, subjects: &[String]) {
        let scope = self.context.scope.clone();
        if subjects.is_empty()
            || matches!(&clause.subject, Subject::Items(items) if items.iter().all(|item| item.phrase.words.is_empty() && item.phrase.pronoun.is_none()))
        {
            // `For each trial there is a principal investigator.`
            let owner = scope
                .clone()
                .or_else(|| clause.about.as_ref().and_then(|item| self.resolve(item)));
            if let Some(owner) = owner {
                self.own_all(&owner, &clause.objects, false);
            }
        }
        if let (Some(scope), Subject::Items(items)) = (&scope, &clause.subject)
            && clause.around.iter().any(|(word, items)| {
                word == "of"
                    && items
                        .iter()
                        .any(|item| terms::name(&item.phrase) == "interest")
            })
        {
            let items = items.clone();
            self.own_all(scope, &items, false);
        }
        if let (Some(about), Subject::Items(items)) = (&clause.about, &clause.subject)
            && let Some(owner) = self.resolve(about)
        {
            let items = items.clone();
            self.own_all(&owner, &items, false);
        }
        self.kinds(clause, subjects);
        for item in &clause.objects {
            let head = terms::name(&item.phrase);
            if let Some(of) = item.of.first().filter(|_| {
                matches!(
                    head.as_str(),
                    "part" | "member" | "component" | "kind" | "type"
                )
            }) {
                let whole = terms::name(of);
                for subject in subjects {
                    self.tie_names(subject, &whole, &head, 0.9, Some(of));
                }
            }
        }
        for subject in subjects {
            for (word, items) in &clause.around {
                for item in items {
                    if word == "with" {
                        self.own(subject, item, true);
                    } else {
                        self.own_weak_property(subject, item, word);
                    }
                    self.tie(subject, item, word, 0.8);
                }
            }
        }
        if clause.predicates.len() > 1 {
            for subject in subjects {
                let item = Item {
                    values: clause.predicates.clone(),
                    ..Item::default()
                };
                self.ledger.owns.push(Own {
                    owner: subject.clone(),
                    values: clause.predicates.clone(),
                    item,
                    sentence: self.context.sentence,
                    weak: true,
                    optional: false,
                    identifies: false,
                    alone: false,
                });
            }
        }
    }

    /// `A is a B`; `A is either a B or a C`.
    fn kinds(&mut self, clause: &Clause, subjects: &[String]) {
        let objects: Vec<String> = clause
            .objects
            .iter()
            .filter(|item| {
                item.phrase.plural && item.phrase.determiner.is_none()
                    || matches!(
                        item.phrase.determiner.as_deref(),
                        Some("a" | "an" | "either" | "both")
                    )
                    || item.phrase.quantity.is_some() && item.phrase.plural
            })
            .filter_map(|item| self.resolve(item))
            .filter(|name| !terms::is_empty(name) && terms::property(name) < 0.5)
            .collect();
        let sentence = self.context.sentence;
        for subject in subjects {
            if terms::property(subject) > 0.5 {
                continue;
            }
            for object in &objects {
                let (sub, sup) = if objects.len() > 1 {
                    (object, subject)
                } else {
                    (subject, object)
                };
                self.ledger.kinds.push(Kind {
                    sub: sub.clone(),
                    sup: sup.clone(),
                    sentence,
                });
            }
        }
    }

    fn divided(&mut self, clause: &Clause, subjects: &[String]) {
        for subject in subjects {
            for (word, items) in &clause.around {
                match word.as_str() {
                    "of" | "into" | "from" | "in" => self.own_all(subject, items, false),
                    _ => {}
                }
            }
            self.own_all(subject, &clause.objects, false);
        }
    }

    /// `we store the name of each customer`; `the system records, for each visit, the date`.
    fn records(&mut self, clause: &Clause) {
        let around = clause
            .around
            .iter()
            .find(|(word, _)| matches!(word.as_str(), "for" | "of" | "about" | "per" | "with"))
            .and_then(|(_, items)| items.first())
            .and_then(|item| self.resolve(item));
        let of = clause
            .objects
            .last()
            .and_then(|item| item.of.first())
            .map(terms::name)
            .filter(|name| !terms::is_empty(name) && terms::property(name) < 0.5);
        let about = clause.about.as_ref().and_then(|item| self.resolve(item));
        let properties = self.lists_properties(&clause.objects);
        let owner = about
            .or_else(|| self.context.scope.clone())
            .or(around.filter(|_| properties))
            .or(of.filter(|_| properties))
            .or_else(|| self.context.topic.clone().filter(|_| properties));
        if let Some(owner) = owner {
            self.own_all(&owner, &clause.objects, false);
        }
        self.between_objects(clause);
    }

    fn has(&mut self, clause: &Clause, subjects: &[String]) {
        if let Some(about) = clause.about.as_ref().and_then(|item| self.resolve(item)) {
            // `a series, in which they have a number`
            self.own_all(&about, &clause.objects, true);
            return;
        }
        for subject in subjects {
            let person = terms::is_person(subject);
            let weak = clause.verb.lemma != "have" && person;
            self.own_all(subject, &clause.objects, weak);
            self.ends(clause, subject);
        }
        if let Some(scope) = self.context.scope.clone() {
            for subject in subjects {
                self.tie_names(&scope, subject, &clause.verb.lemma, 0.5, None);
            }
            if self.lists_properties(&clause.objects)
                && subjects.iter().all(|subject| terms::is_person(subject))
            {
                self.own_all(&scope, &clause.objects, true);
            }
        }
        self.between_objects(clause);
    }

    fn acts(&mut self, clause: &Clause, subjects: &[String]) {
        // `register by giving their name and address`
        if let [first, _, ..] = clause.objects.as_slice()
            && self.lists_properties(&clause.objects)
            && let Some(owner) = self.possessive(&first.phrase)
        {
            self.own_all(&owner, &clause.objects, false);
        }
        let weight = match &clause.subordinate {
            Some(word) if matches!(word.as_str(), "if" | "because" | "so") => 0.4,
            _ if clause.only || verbs::looks(&clause.verb) => 0.4,
            _ if verbs::administers(&clause.verb.lemma)
                && subjects.iter().all(|subject| terms::is_person(subject)) =>
            {
                0.4
            }
            _ => 1.0,
        };
        let verb = &clause.verb.lemma;
        for subject in subjects {
            for item in &clause.objects {
                let person = terms::is_person(subject);
                if person || self.context.scope.is_some() {
                    if let Some(scope) = self.context.scope.clone() {
                        self.own(&scope, item, true);
                    }
                } else {
                    self.own(subject, item, true);
                }
                self.tie(subject, item, verb, weight);
            }
            self.ends(clause, subject);
        }
        if let Some(scope) = self.context.scope.clone() {
            for subject in subjects {
                self.tie_names(&scope, subject, verb, 0.5, None);
            }
            for item in &clause.objects {
                self.tie(&scope, item, verb, 0.8);
            }
        }
        if let Some(about) = clause.about.as_ref().and_then(|item| self.resolve(item)) {
            for subject in subjects {
                self.tie_names(&about, subject, verb, 0.8, None);
            }
        }
        self.between_objects(clause);
    }

    /// Ties the subject to what follows the verb's prepositions.
    fn ends(&mut self, clause: &Clause, subject: &str) {
        for (word, items) in &clause.around {
            for item in items {
                let weight = if clause.objects.is_empty() { 0.9 } else { 0.4 };
                if word == "with" {
                    self.own(subject, item, true);
                } else if !terms::is_person(subject) {
                    self.own_weak_property(subject, item, word);
                    if clause.objects.is_empty()
                        && matches!(word.as_str(), "from" | "to" | "in" | "for")
                    {
                        self.own(subject, item, true);
                    }
                }
                self.tie(subject, item, &clause.verb.lemma, weight);
            }
        }
    }

    /// `submit papers to a track`: the papers and the track.
    fn between_objects(&mut self, clause: &Clause) {
        for object in &clause.objects {
            let Some(name) = self.resolve(object) else {
                continue;
            };
            for (word, items) in &clause.around {
                for item in items {
                    if word == "with" || word == "including" {
                        self.own(&name, item, true);
                    } else {
                        let weight = if matches!(word.as_str(), "to" | "for" | "in" | "on") {
                            0.7
                        } else {
                            0.4
                        };
                        self.tie(&name, item, &clause.verb.lemma, weight);
                    }
                }
            }
        }
    }

    fn tie(&mut self, from: &str, item: &Item, verb: &str, weight: f32) {
        let Some(to) = self.resolve(item) else { return };
        self.tie_names(from, &to, verb, weight, Some(&item.phrase));
        self.count_pair(from, &to, &item.phrase);
        // `is for an animal with a vet`: the vet is tied to the appointment.
        for (word, inner) in &item.around {
            for each in inner.iter().filter(|_| word != "between") {
                if !terms::is_person(from) && matches!(word.as_str(), "at" | "on" | "from" | "to") {
                    self.own(from, each, true);
                }
                if let Some(name) = self.resolve(each) {
                    self.tie_names(from, &name, verb, weight * 0.8, Some(&each.phrase));
                }
            }
        }
        for of in &item.of {
            let inner = terms::name(of);
            if terms::property(&to) > 0.5 || terms::TRANSPARENT.contains(&to.as_str()) {
                self.tie_names(from, &inner, verb, weight * 0.8, Some(of));
            }
        }
    }

    fn count_pair(&mut self, from: &str, to: &str, phrase: &Phrase) {
        if let Some(quantity) = phrase.quantity {
            self.ledger.counted.push(Counted {
                from: from.to_owned(),
                to: to.to_owned(),
                least: quantity.least,
                most: quantity.most,
                sentence: self.context.sentence,
            });
        }
    }

    fn tie_names(
        &mut self,
        from: &str,
        to: &str,
        verb: &str,
        weight: f32,
        phrase: Option<&Phrase>,
    ) {
        if terms::is_empty(from) || terms::is_empty(to) {
            return;
        }
        let sentence = self.context.sentence;
        self.ledger.link(
            from,
            to,
            Link {
                from: String::new(),
                to: String::new(),
                verb: verb.to_owned(),
                sentence,
                weight,
                many: phrase.is_some_and(|phrase| {
                    phrase.quantity.is_some() && phrase.many()
                        || phrase.many() && !verbs::places(verb)
                }),
            },
        );
    }

    pub fn own_all(&mut self, owner: &str, items: &[Item], weak: bool) {
        let properties = items
            .iter()
            .filter(|item| terms::property(&terms::full_name(&item.phrase)) > 0.2)
            .count();
        let sentence = self.context.sentence;
        if !terms::is_empty(owner) && properties > 0 {
            let term = self.ledger.term(owner, sentence);
            term.lists += if properties > 1 { 2 } else { 1 };
        }
        self.context.alone = items.len() == 1;
        for item in items {
            self.own(owner, item, weak);
        }
        self.context.alone = false;
    }

    pub fn own(&mut self, owner: &str, item: &Item, weak: bool) {
        if terms::is_empty(owner) || item.phrase.pronoun.is_some() {
            return;
        }
        let sentence = self.context.sentence;
        let name = terms::name(&item.phrase);
        self.count_pair(owner, &name, &item.phrase);
        if item.phrase.words.iter().any(|word| word.lower == "unique")
            || item.values.iter().any(|value| value == "unique")
        {
            self.ledger.unique.push(name.clone());
        }
        if !name.is_empty() && !weak {
            self.ledger.term(&name, sentence).listed += 1;
        }
        self.ledger.owns.push(Own {
            owner: owner.to_owned(),
            item: item.clone(),
            sentence,
            weak,
            optional: self.context.optional,
            identifies: self.context.identifies,
            alone: self.context.alone,
            values: item.values.clone(),
        });
    }

    /// What the next sentence's pronouns stand for.
    fn move_on(&mut self, clause: &Clause, subjects: &[String]) {
        if clause.relative {
            return;
        }
        if let Some(scope) = self.context.scope.clone() {
            self.remember(&scope);
            return;
        }
        let [subject, ..] = subjects else { return };
        if terms::property(subject) > 0.5 {
            return;
        }
        self.remember(&subject.clone());
        if terms::is_person(subject)
            && let Some(object) = clause.objects.first().and_then(|item| self.resolve(item))
            && !terms::is_person(&object)
            && terms::property(&object) < 0.5
            && !terms::is_empty(&object)
        {
            self.context.thing = Some(object.clone());
            if verbs::makes(&clause.verb) && self.context.speaker.is_none() {
                self.context.topic = Some(object);
            }
        }
    }

    fn remember(&mut self, name: &str) {
        self.context.topic = Some(name.to_owned());
        if terms::is_person(name) {
            self.context.person = Some(name.to_owned());
        } else {
            self.context.thing = Some(name.to_owned());
        }
    }
}

fn phrase_of(unit: &Unit) -> Option<&Phrase> {
    match unit {
        Unit::Phrase(phrase) => Some(phrase),
        _ => None,
    }
}

/// The name that an item stands for, pronouns resolved.
fn resolve(context: &Context, item: &Item) -> Option<String> {
    if let Some(pronoun) = &item.phrase.pronoun {
        return match pronoun.as_str() {
            "i" | "me" => context.speaker.clone(),
            "it" => context
                .scope
                .clone()
                .or_else(|| context.thing.clone())
                .or_else(|| context.topic.clone()),
            "he" | "she" | "he/she" | "him" | "her" | "s/he" => context.person.clone(),
            "they" | "them" => context.topic.clone().or_else(|| context.person.clone()),
            _ => None,
        };
    }
    // `a list of lines`, `one of its members`: what follows `of` is meant.
    let name = terms::name(&item.phrase);
    if (item.phrase.words.is_empty() || terms::TRANSPARENT.contains(&name.as_str()))
        && let Some(of) = item.of.first()
    {
        let inner = terms::name(of);
        if !inner.is_empty() && of.plural {
            return Some(inner);
        }
    }
    if item.phrase.words.is_empty() {
        return context.topic.clone();
    }
    (!name.is_empty()).then_some(name)
}
