//! What each kind of clause says: who has, records, is or does what.

use super::{Reader, resolve};
use crate::clauses::{Clause, Subject};
use crate::items::Item;
use crate::ledger::{Act, Kind, Own};
use crate::{terms, verbs};

impl Reader {
    pub(super) fn clause(&mut self, clause: &Clause) {
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
    pub(super) fn act(&mut self, clause: &Clause, subjects: &[String]) {
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

    pub(super) fn list_subject(&self, clause: &Clause) -> bool {
        matches!(&clause.subject, Subject::Items(items) if items.len() > 1)
    }

    /// Whether the subject is who records: the system, `we`, or the organisation in `the school keeps for each …`.
    pub(super) fn has_recorder(&mut self, clause: &Clause, subjects: &[String]) -> bool {
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

    pub(super) fn lists_properties(&self, items: &[Item]) -> bool {
        let count = items
            .iter()
            .filter(|item| terms::property(&terms::full_name(&item.phrase)) > 0.5)
            .count();
        count * 2 >= items.len() && count > 0
    }

    /// Notes what the place of a name in the clause says about it.
    pub(super) fn weigh(&mut self, clause: &Clause, subjects: &[String]) {
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
    pub(super) fn inside(&mut self, item: &Item) {
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

    pub(super) fn own_weak_property(&mut self, owner: &str, item: &Item, word: &str) {
        if matches!(word, "at" | "on") {
            self.own(owner, item, true);
        }
    }

    pub(super) fn identified(&mut self, clause: &Clause, subjects: &[String]) {
        for subject in subjects {
            for (word, items) in &clause.around {
                if matches!(word.as_str(), "by" | "with" | "as") {
                    self.own_all(subject, items, false);
                }
            }
        }
    }

    pub(super) fn recorded(&mut self, clause: &Clause, subjects: &[String]) {
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

    pub(super) fn is(&mut self, clause: &Clause, subjects: &[String]) {
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
    pub(super) fn kinds(&mut self, clause: &Clause, subjects: &[String]) {
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

    pub(super) fn divided(&mut self, clause: &Clause, subjects: &[String]) {
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
    pub(super) fn records(&mut self, clause: &Clause) {
        let around = clause
            .around
            .iter()
            .find(|(word, _)| matches!(word.as_str(), "for" | "of" | "about" | "per" | "with"))
            .and_then(|(_, items)| items.first())
            .and_then(|item| self.resolve(item));
        let last = clause.objects.last().and_then(|item| item.of.first());
        let each = last.is_some_and(|of| {
            matches!(
                of.determiner.as_deref(),
                Some("each" | "every" | "all" | "any")
            )
        });
        let of = last
            .map(terms::name)
            .filter(|name| !terms::is_empty(name) && terms::property(name) < 0.5);
        let about = clause.about.as_ref().and_then(|item| self.resolve(item));
        let properties = self.lists_properties(&clause.objects);
        let owner = about
            .or_else(|| self.context.scope.clone())
            .or(of.clone().filter(|_| properties && each))
            .or(around.filter(|_| properties))
            .or(of.filter(|_| properties))
            // `we also want promo codes` says nothing of what the last sentence was about.
            .or_else(|| {
                let wishes = matches!(clause.verb.lemma.as_str(), "want" | "need" | "manage");
                self.context.topic.clone().filter(|_| properties && !wishes)
            });
        if let Some(owner) = owner {
            self.own_all(&owner, &clause.objects, false);
        }
        self.between_objects(clause);
    }

    pub(super) fn has(&mut self, clause: &Clause, subjects: &[String]) {
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

    pub(super) fn acts(&mut self, clause: &Clause, subjects: &[String]) {
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
    pub(super) fn ends(&mut self, clause: &Clause, subject: &str) {
        for (word, items) in &clause.around {
            for item in items {
                let weight = if clause.objects.is_empty() { 0.9 } else { 0.4 };
                // `registers donors with their names`: the names are the donors'.
                let theirs = !clause.objects.is_empty()
                    && matches!(
                        items[0].phrase.determiner.as_deref(),
                        Some("their" | "its" | "his" | "her")
                    );
                if word == "with" && theirs {
                    continue;
                }
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
    pub(super) fn between_objects(&mut self, clause: &Clause) {
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
}
