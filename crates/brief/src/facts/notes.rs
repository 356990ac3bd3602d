//! Notes what owns what, what is tied to what, and what the next sentences are about.

use super::Reader;
use crate::chunk::Phrase;
use crate::clauses::Clause;
use crate::items::Item;
use crate::ledger::{Counted, Link, Own};
use crate::{terms, verbs};

impl Reader {
    pub(super) fn tie(&mut self, from: &str, item: &Item, verb: &str, weight: f32) {
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

    pub(super) fn count_pair(&mut self, from: &str, to: &str, phrase: &Phrase) {
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

    pub(super) fn tie_names(
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
                may: self.context.optional,
                many: phrase.is_some_and(|phrase| {
                    phrase.quantity.is_some() && phrase.many()
                        || phrase.many() && !verbs::places(verb)
                }),
            },
        );
    }

    pub(super) fn own_all(&mut self, owner: &str, items: &[Item], weak: bool) {
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

    pub(super) fn own(&mut self, owner: &str, item: &Item, weak: bool) {
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
    pub(super) fn move_on(&mut self, clause: &Clause, subjects: &[String]) {
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

    pub(super) fn remember(&mut self, name: &str) {
        self.context.topic = Some(name.to_owned());
        if terms::is_person(name) {
            self.context.person = Some(name.to_owned());
        } else {
            self.context.thing = Some(name.to_owned());
        }
    }
}
