//! A concept model as a design: names, types, relations, roles, rules, states and loads, each with where it comes from.

mod access;
mod draft;
mod head;
mod join;
mod merge;
mod moves;
mod names;
mod nodes;
mod people;
mod proposal;
mod questions;
mod relations;
mod sight;
mod types;

use crate::concepts::{Amount, Concepts, Source};
use crate::terms;
use access::Rules;
use draft::{Draft, DraftEntity, Line};
use join::Joined;
use people::People;
pub use proposal::{Proposed, proposed};
pub use questions::{Answer, Choices, Question};
use relations::Fields;
use std::collections::BTreeSet;

/// A design and what is to be said about it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The text of the design.
    pub design: String,
    /// What the brief leaves open, answered or not.
    pub questions: Vec<Question>,
    /// The patterns that take part.
    pub patterns: Vec<String>,
    /// Sentences that nothing was taken from.
    pub unread: Vec<usize>,
    /// The names of what the design has.
    pub entities: Vec<String>,
    pub roles: Vec<String>,
    draft: Draft,
}

/// Sentences up to which a brief is answered mostly from patterns; user stories say enough sooner.
const SHORT: usize = 5;

/// Writes the design. Questions without an answer take the recommended one.
pub fn design(concepts: &Concepts, name: &str, choices: &Choices) -> Written {
    let mut concepts = concepts.clone();
    let mut people = people::find(&concepts);
    if choices
        .get("sign-up")
        .is_some_and(|answer| answer == "invited")
    {
        people.sign_up = None;
    }
    let said = concepts
        .sentences
        .iter()
        .filter(|sentence| sentence.text.split(' ').count() > 2)
        .count();
    let joined = if said <= SHORT && !concepts.story {
        people.gather(&concepts);
        let joined = join::find(&concepts, &people, choices);
        if let Some(role) = joined.as_ref().and_then(Joined::sign_up)
            && people.outsider().is_none()
            && people.sign_up.is_some()
        {
            people.sign_up = Some(role.to_owned());
        }
        joined
    } else {
        None
    };
    if let Some(joined) = &joined {
        // A sentence that brought a pattern was understood.
        let sentences = std::mem::take(&mut concepts.unread);
        let spoke = |at: &usize| joined.speaks(&concepts.sentences[*at].text);
        concepts.unread = sentences.into_iter().filter(|at| !spoke(at)).collect();
        // `Customers order books`: the pattern's order stands between the two.
        concepts
            .relations
            .retain(|relation| !joined.has_noun_of(&relation.verb));
    }
    tidy(&mut concepts, &people);
    let fields = relations::fields(&concepts, &people);
    let mut writer = Writer {
        rules: Rules {
            concepts: &concepts,
            people: &people,
            fields: &fields,
            public: choices
                .get("public")
                .is_some_and(|answer| answer == "anyone"),
        },
        choices,
        draft: Draft {
            name: names::role(name).unwrap_or_else(|| "backend".to_owned()),
            ..Draft::default()
        },
        names: BTreeSet::new(),
        guessed: Vec::new(),
        asked: Vec::new(),
        left_out: Vec::new(),
    };
    writer.roles();
    writer.entities();
    if let Some(joined) = &joined {
        writer.left_out = merge::merge(&mut writer.draft, joined, &acted(&concepts));
        writer.asked.clone_from(&joined.questions);
    }
    sight::see_what_they_name(&mut writer.draft);
    let questions = writer.questions();
    writer.finish(&questions);
    let text = writer.draft.print();
    Written {
        design: archwright_design::format(&text).unwrap_or(text),
        questions,
        patterns: joined.map_or_else(Vec::new, |joined| {
            joined
                .composition
                .patterns
                .iter()
                .map(|own| own.id.to_owned())
                .collect()
        }),
        unread: concepts.unread.clone(),
        entities: writer
            .draft
            .entities
            .iter()
            .map(|each| each.name.clone())
            .collect(),
        roles: writer
            .draft
            .roles
            .iter()
            .map(|each| each.name.clone())
            .collect(),
        draft: writer.draft,
    }
}

/// The entities that people of the text do something with.
fn acted(concepts: &Concepts) -> BTreeSet<String> {
    let acts = concepts
        .acts
        .iter()
        .filter(|act| terms::is_person(&act.actor));
    acts.filter_map(|act| names::entity(&concepts.entities[act.entity].name))
        .collect()
}

/// Whether the words speak of a pattern.
pub fn has_pattern(concepts: &Concepts) -> bool {
    join::find(concepts, &people::find(concepts), &Choices::new()).is_some()
}

/// `stated [3]`
fn stated(sentence: usize) -> String {
    format!("stated [{}]", sentence + 1)
}

fn note(source: &Source) -> String {
    match source {
        Source::Stated { sentence } => stated(*sentence),
        Source::Implied { sentence, rule } => format!("implied [{}]: {rule}", sentence + 1),
    }
}

/// Takes away what a design says in another way: passwords, ids, attributes that are relations.
fn tidy(concepts: &mut Concepts, people: &People) {
    for at in 0..concepts.entities.len() {
        let account = Some(at) == people.account;
        let entity = &mut concepts.entities[at];
        entity.attributes.retain(|each| {
            !each.name.ends_with("password")
                && (!account || each.name != "role")
                && names::field(&each.name).is_some()
        });
    }
}

struct Writer<'a> {
    rules: Rules<'a>,
    choices: &'a Choices,
    draft: Draft,
    /// Names of entities that are taken.
    names: BTreeSet<String>,
    /// Entities whose states have no order in the text.
    guessed: Vec<String>,
    /// Questions of patterns.
    asked: Vec<Question>,
    /// What the text mentions and the design has not.
    left_out: Vec<String>,
}

impl Writer<'_> {
    fn concepts(&self) -> &Concepts {
        self.rules.concepts
    }

    fn people(&self) -> &People {
        self.rules.people
    }

    fn fields(&self) -> &Fields {
        self.rules.fields
    }

    fn roles(&mut self) {
        let people = self.people().clone();
        let sign_up = people.sign_up.as_ref();
        let mut lines = Vec::new();
        if let Some(name) =
            sign_up.filter(|name| people.roles.iter().all(|role| role.name != **name))
        {
            lines.push(Line::new(
                name.clone(),
                "{ sign-up: open }",
                "implied: somebody has to sign up",
            ));
        }
        let staff: Vec<&str> = people
            .roles
            .iter()
            .filter(|role| !people::is_outsider(&role.words))
            .map(|role| role.name.as_str())
            .filter(|name| Some(*name) != sign_up.map(String::as_str) && *name != people.admin)
            .collect();
        for role in &people.roles {
            if role.name == people.admin {
                continue;
            }
            let value = if Some(&role.name) == sign_up {
                "{ sign-up: open }".to_owned()
            } else {
                format!("{{ granted-by: {} }}", people.admin)
            };
            lines.push(Line::new(
                role.name.clone(),
                value,
                role.sentence.map_or_else(String::new, stated),
            ));
        }
        let includes = match staff.as_slice() {
            [] => String::new(),
            [one] => format!("includes: {one}, "),
            many => format!("includes: [{}], ", many.join(", ")),
        };
        let origin = if people.admin_stated {
            people
                .roles
                .iter()
                .find(|role| role.name == people.admin)
                .and_then(|role| role.sentence)
                .map_or_else(String::new, stated)
        } else {
            "implied: somebody has to give roles".to_owned()
        };
        lines.push(Line::new(
            people.admin.clone(),
            format!("{{ {includes}granted-by: {} }}", people.admin),
            origin,
        ));
        self.draft.roles = lines;
    }

    fn entities(&mut self) {
        if self.people().account.is_none() {
            self.names.insert("User".to_owned());
            let user = self.user();
            self.draft.entities.push(user);
        }
        for at in 0..self.concepts().entities.len() {
            if !self.people().roles_only.contains(&at) {
                self.entity(at);
            }
        }
        self.sides();
    }

    /// The account of a text that names none.
    fn user(&self) -> DraftEntity {
        DraftEntity {
            name: "User".to_owned(),
            note: "implied: people sign in".to_owned(),
            settings: vec![Line::new("account", "email", "")],
            fields: vec![
                Line::new("email", "email, unique", ""),
                Line::new("name", "string(1..120), search", ""),
            ],
            allow: {
                let staff = self
                    .people()
                    .roles
                    .iter()
                    .filter(|role| !people::is_outsider(&role.words))
                    .map(|role| role.name.clone())
                    .filter(|name| {
                        Some(name) != self.people().sign_up.as_ref() && *name != self.people().admin
                    });
                let mut readers = vec!["owner".to_owned()];
                readers.extend(staff);
                readers.push(self.people().admin.clone());
                let mut lines = vec![
                    Line::new("read", readers.join(", "), ""),
                    Line::new("update", "owner", ""),
                    Line::new("delete", self.people().admin.clone(), ""),
                ];
                if self.people().sign_up.is_none() {
                    lines.insert(1, Line::new("create", self.people().admin.clone(), ""));
                }
                lines
            },
            ..DraftEntity::default()
        }
    }

    fn entity_name(&self, at: usize) -> String {
        names::entity(&self.concepts().entities[at].name).unwrap_or_else(|| format!("Entity{at}"))
    }

    fn target_name(&self, at: usize) -> String {
        self.entity_name(at)
    }

    fn entity(&mut self, at: usize) {
        let entity = self.concepts().entities[at].clone();
        let name = self.entity_name(at);
        if !self.names.insert(name.clone()) {
            return;
        }
        let machine = moves::machine(self.concepts(), at);
        let account = Some(at) == self.people().account;
        let mut drafted = DraftEntity {
            name,
            note: note(&entity.source),
            part: self
                .fields()
                .pointers
                .iter()
                .any(|each| each.holder == at && each.part),
            ..DraftEntity::default()
        };
        if account {
            self.account(&entity, &mut drafted);
        }
        self.pointers(at, &mut drafted);
        for attribute in &entity.attributes {
            let Some(field) = names::field(&attribute.name) else {
                continue;
            };
            let signs_in = account && (field.starts_with("email") || field.starts_with("e_mail"));
            let taken = signs_in
                || drafted.has_field(&field)
                || drafted.has_field(&names::plural(&field))
                || machine
                    .as_ref()
                    .is_some_and(|machine| machine.field == field);
            if taken {
                continue;
            }
            let unique = attribute.unique && attribute.values.is_empty();
            let mut value = types::of(attribute).print(unique);
            // A letter or a number tells the rows of one whole apart.
            let ordinal = matches!(
                field.as_str(),
                "letter" | "number" | "sequence" | "position" | "name"
            );
            if unique
                && ordinal
                && let Some(whole) = self.whole(at)
            {
                value = value.replacen(", unique", &format!(", unique within {whole}"), 1);
            }
            drafted
                .fields
                .push(Line::new(field, value, note(&attribute.source)));
        }
        if let Some(machine) = &machine {
            self.machine(at, machine, &mut drafted);
        }
        if drafted.fields.is_empty() {
            drafted.fields.push(Line::new(
                "name",
                "string(1..200), search",
                "implied: the text gives it no fields",
            ));
        }
        if !drafted.part {
            drafted.allow = self.rules.allow(at);
        }
        drafted.last.extend(self.load(&entity.amounts));
        self.draft.entities.push(drafted);
    }

    /// The field that points to what the rows are parts of.
    fn whole(&self, at: usize) -> Option<String> {
        self.fields()
            .pointers
            .iter()
            .find(|each| {
                each.holder == at && each.inverse.is_some() && !each.part && !each.optional
            })
            .map(|each| each.name.clone())
    }

    /// What makes an entity sign in.
    fn account(&self, entity: &crate::concepts::Entity, drafted: &mut DraftEntity) {
        drafted
            .settings
            .push(Line::new("account", "email", "implied: people sign in"));
        let origin = entity
            .attributes
            .iter()
            .find(|each| {
                names::field(&each.name)
                    .is_some_and(|name| name.starts_with("email") || name.starts_with("e_mail"))
            })
            .map_or_else(
                || "implied: people sign in".to_owned(),
                |each| note(&each.source),
            );
        drafted
            .fields
            .push(Line::new("email", "email, unique", origin));
    }

    fn pointers(&self, at: usize, drafted: &mut DraftEntity) {
        let people = self.people();
        let profile = people.profiles.contains(&at);
        let owner = self.rules.owner_field(at).map(str::to_owned);
        for pointer in self
            .fields()
            .pointers
            .iter()
            .filter(|each| each.holder == at && !each.part)
        {
            if drafted.has_field(&pointer.name) {
                continue;
            }
            let target = self.target_name(pointer.target);
            let owns = owner.as_ref() == Some(&pointer.name);
            let mut value = target;
            if pointer.optional {
                value.push('?');
            }
            if owns {
                value.push_str(", owner");
            }
            if profile && owns {
                value = self.person(at, &value);
            } else if pointer.unique {
                value.push_str(", unique");
            }
            drafted.fields.push(Line::new(
                pointer.name.clone(),
                value,
                note(&pointer.source),
            ));
        }
        if profile && owner.is_none() {
            let account = people
                .account
                .map_or_else(|| "User".to_owned(), |account| self.target_name(account));
            drafted.fields.insert(
                0,
                Line::new(
                    "user",
                    self.person(at, &format!("{account}, owner")),
                    "implied: they sign in",
                ),
            );
        }
    }

    /// Whose row a profile is. Who did not sign up by themselves may have it made by whoever gives roles.
    fn person(&self, at: usize, owner: &str) -> String {
        let people = self.people();
        let signed_up = people
            .outsider()
            .is_some_and(|role| role.entity == Some(at));
        let (account, _) = owner.split_once(',').unwrap_or((owner, ""));
        match signed_up {
            true => format!("{owner}, unique"),
            false => format!(
                "{{ type: {account}, owner: true, unique: true, settable: {} }}",
                people.admin
            ),
        }
    }

    /// The other sides of relations, once all entities are there.
    fn sides(&mut self) {
        let fields = self.fields().clone();
        for pointer in &fields.pointers {
            let Some(inverse) = &pointer.inverse else {
                continue;
            };
            let (holder, target) = (
                self.target_name(pointer.holder),
                self.target_name(pointer.target),
            );
            let value = if pointer.part {
                format!("{holder}[], composed")
            } else {
                format!("{holder}[], by {}", pointer.name)
            };
            self.side(
                &target,
                &holder,
                inverse,
                value,
                note(&pointer.source),
                pointer.part || pointer_is_there(&self.draft, &holder, &pointer.name),
            );
        }
        for many in &fields.many {
            let (holder, target) = (self.target_name(many.holder), self.target_name(many.target));
            self.side(
                &holder,
                &target,
                &many.name,
                format!("{target}[]"),
                note(&many.source),
                true,
            );
        }
    }

    fn side(
        &mut self,
        at: &str,
        other: &str,
        name: &str,
        value: String,
        note: String,
        there: bool,
    ) {
        let known = self.draft.entity(other).is_some();
        let Some(entity) = self
            .draft
            .entities
            .iter_mut()
            .find(|entity| entity.name == at)
        else {
            return;
        };
        let Some(name) = names::field(name) else {
            return;
        };
        if known && there && !entity.has_field(&name) {
            entity.fields.push(Line::new(name, value, note));
        }
    }

    fn machine(&mut self, at: usize, machine: &moves::Machine, drafted: &mut DraftEntity) {
        let initial = &machine.values[0];
        let origin = if machine.implied {
            format!(
                "implied [{}]: what is decided on has waited",
                machine.sentence + 1
            )
        } else {
            stated(machine.sentence)
        };
        let mut values = machine.values.clone();
        values.dedup();
        drafted.fields.push(Line::new(
            machine.field.clone(),
            format!("enum({}), filter = {initial}", values.join(", ")),
            origin,
        ));
        if drafted.part {
            return;
        }
        if machine.guessed {
            self.guessed.push(drafted.name.clone());
        }
        let mut moves = machine.moves.clone();
        if machine.guessed
            && self
                .choices
                .get("moves")
                .is_some_and(|answer| answer == "back")
        {
            let back: Vec<moves::Move> = moves
                .iter()
                .map(|each| moves::Move {
                    name: format!("undo-{}", each.name),
                    from: vec![each.to.clone()],
                    to: each.from[0].clone(),
                })
                .collect();
            moves.extend(back);
        }
        for each in &moves {
            let (by, sentence) = self.rules.movers(at, &each.name);
            let from = match each.from.as_slice() {
                [one] => one.clone(),
                many => format!("[{}]", many.join(", ")),
            };
            let by = if by.contains(',') || by.contains('\'') {
                format!("\"{by}\"")
            } else {
                by
            };
            drafted.moves.push(Line::new(
                each.name.clone(),
                format!("{{ from: {from}, to: {}, by: {by} }}", each.to),
                sentence.map_or_else(String::new, stated),
            ));
        }
    }

    /// `workload`, from the numbers of the text.
    fn load(&self, amounts: &[Amount]) -> Option<Line> {
        if amounts.is_empty() {
            let large = self
                .choices
                .get("load")
                .is_some_and(|answer| answer == "large");
            return large.then(|| Line::new("workload", "{ rows: 1M, list: 100/s }", ""));
        }
        let mut rows = None;
        let mut rate = None;
        for amount in amounts {
            let year = match amount.per.as_deref() {
                None | Some("year") => amount.count,
                Some("month") => amount.count.saturating_mul(12),
                Some("week") => amount.count.saturating_mul(52),
                Some("day") => amount.count.saturating_mul(365),
                Some("hour") => amount.count.saturating_mul(24 * 365),
                Some("minute") => amount.count.saturating_mul(60 * 24 * 365),
                _ => amount.count.saturating_mul(60 * 60 * 24 * 365),
            };
            rows = rows.max(Some(year));
            rate = match amount.per.as_deref() {
                Some("day") => Some(format!("{}/day", short(amount.count))),
                Some("hour") => Some(format!("{}/h", short(amount.count))),
                Some("minute") => Some(format!("{}/min", short(amount.count))),
                Some("second") => Some(format!("{}/s", short(amount.count))),
                _ => rate,
            };
        }
        let rows = short(rows?.min(100_000_000_000));
        let rate = rate.map_or_else(String::new, |rate| format!(", create: {rate}"));
        Some(Line::new(
            "workload",
            format!("{{ rows: {rows}{rate} }}"),
            stated(amounts[0].sentence),
        ))
    }

    fn questions(&mut self) -> Vec<Question> {
        let mut catalogues = Vec::new();
        let mut records = Vec::new();
        let own = self
            .draft
            .entities
            .iter()
            .filter(|entity| !entity.note.contains("pattern"));
        for entity in own {
            if entity.allow.iter().any(|rule| {
                rule.name == "read" && matches!(rule.value.as_str(), "signed-in" | "anyone")
            }) {
                catalogues.push(entity.name.clone());
            }
            if !entity.moves.is_empty() {
                records.push(entity.name.clone());
            }
        }
        let mut questions = questions::open(
            self.concepts(),
            self.people(),
            &catalogues,
            &self.guessed,
            &records,
        );
        if !self.asked.is_empty() {
            questions.retain(|question| question.id != "load" && question.id != "sign-up");
        }
        questions.append(&mut self.asked);
        questions.sort_by_key(|question| std::cmp::Reverse(question.weight));
        let mut open = 0;
        questions.retain(|question| {
            open += usize::from(question.settled.is_none());
            question.settled.is_some() || open <= questions::MOST
        });
        let deletion = questions.iter().find(|question| question.id == "deletion");
        if deletion.is_some_and(|question| questions::chosen(question, self.choices).id == "keep") {
            for entity in self
                .draft
                .entities
                .iter_mut()
                .filter(|entity| records.contains(&entity.name))
            {
                entity
                    .last
                    .insert(0, Line::new("soft-delete", "true", "answer: deletion"));
            }
        }
        questions
    }
}

fn pointer_is_there(draft: &Draft, holder: &str, field: &str) -> bool {
    draft
        .entity(holder)
        .is_some_and(|entity| entity.has_field(field))
}

/// `2M`, `50k`, `120`
fn short(count: u64) -> String {
    match count {
        _ if count >= 1_000_000 && count.is_multiple_of(1_000_000) => {
            format!("{}M", count / 1_000_000)
        }
        _ if count >= 1_000 && count.is_multiple_of(1_000) => format!("{}k", count / 1_000),
        _ => count.to_string(),
    }
}
