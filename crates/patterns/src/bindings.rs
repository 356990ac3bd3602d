//! What the anchors of the patterns mean in one composition, and who may read what they mean.

use crate::compose::{Answers, ComposeError, changes};
use crate::grants;
use crate::pattern::{Anchor, Offer, Pattern};
use heck::ToSnakeCase;
use std::collections::BTreeMap;

/// An entity that the caller has from elsewhere, so that patterns can be about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub name: String,
    /// Grants that say who may read a row, called `it`: `anyone when it.status == 'published', STAFF`.
    pub audience: String,
}

/// Anchors (`comment.SUBJECT`) and the entities that they mean.
pub(crate) struct Bindings {
    bound: BTreeMap<String, Vec<Bound>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub entity: String,
    /// What a relation to it is called.
    pub field: String,
    /// The pattern that offers it; none for a given entity.
    pub pattern: Option<&'static str>,
    /// Grants over `it`.
    pub audience: Vec<String>,
}

/// What one relation may lead to unless bindings say more; with more than that, one would tell them apart by tables.
const MOST_SUBJECTS: usize = 8;

type Offers<'a> = Vec<(&'a Pattern, &'a Offer)>;

impl Bindings {
    pub fn new(patterns: &[&Pattern], answers: &Answers) -> Result<Self, ComposeError> {
        let offers: Offers = patterns
            .iter()
            .flat_map(|pattern| pattern.offers.iter().map(move |offer| (*pattern, offer)))
            .collect();
        known_anchors(answers)?;
        let mut bindings = Self {
            bound: BTreeMap::new(),
        };
        for pattern in patterns {
            for anchor in &pattern.anchors {
                let key = format!("{}.{}", pattern.id, anchor.name);
                let bound = match answers.bindings.get(&key) {
                    Some(names) => named(&key, names, &offers, answers)?,
                    None => fitting(pattern, anchor, &offers, answers),
                };
                bindings.bound.insert(key, bound);
            }
        }
        bindings.change_audiences(patterns, answers);
        bindings.resolve_audiences();
        Ok(bindings)
    }

    /// The entities that an anchor of a pattern means.
    pub fn of(&self, pattern: &Pattern, anchor: &str) -> &[Bound] {
        let bound = self.bound.get(&format!("{}.{anchor}", pattern.id));
        bound.map_or(&[], Vec::as_slice)
    }

    /// The first anchor without a meaning: its pattern, and the pattern that helps out.
    pub fn missing(&self, patterns: &[&Pattern]) -> Option<(String, String)> {
        patterns.iter().find_map(|pattern| {
            let anchors = pattern.anchors.iter();
            let mut fallbacks = anchors
                .filter(|anchor| self.of(pattern, &anchor.name).is_empty())
                .filter_map(|anchor| anchor.fallback.clone());
            Some((pattern.id.to_owned(), fallbacks.next()?))
        })
    }

    /// The patterns whose entities a pattern is about.
    pub fn providers(&self, pattern: &Pattern) -> Vec<String> {
        let anchors = pattern.anchors.iter();
        let bound = anchors.flat_map(|anchor| self.of(pattern, &anchor.name));
        bound
            .filter_map(|bound| bound.pattern)
            .map(str::to_owned)
            .collect()
    }

    /// Joins and answers that change who may read an entity change its audience.
    fn change_audiences(&mut self, patterns: &[&Pattern], answers: &Answers) {
        let changes = changes(patterns, self, answers);
        for offer in changes.iter().flat_map(|(_, change)| &change.offers) {
            let bound = self.bound.values_mut().flatten();
            for bound in
                bound.filter(|bound| bound.entity == offer.entity && bound.pattern.is_some())
            {
                bound.audience = grants::split(&offer.audience);
            }
        }
    }

    /// An audience that names an anchor becomes the audience of what the anchor means, seen from the row.
    fn resolve_audiences(&mut self) {
        let anchors = self.bound.clone();
        for bound in self.bound.values_mut().flatten() {
            bound.audience = audience(bound, &anchors, 0);
        }
    }
}

fn audience(bound: &Bound, anchors: &BTreeMap<String, Vec<Bound>>, depth: usize) -> Vec<String> {
    let mut grants = Vec::new();
    for grant in &bound.audience {
        let (who, when) = grants::condition(grant);
        let key = format!("{}.{who}", bound.pattern.unwrap_or_default());
        match anchors.get(&key).filter(|_| depth < 8) {
            Some(subjects) => grants.extend(subjects.iter().flat_map(|subject| {
                let way = format!("it.{}", subject.field);
                let shared = subjects.len() > 1;
                audience(subject, anchors, depth + 1)
                    .into_iter()
                    .map(move |grant| grants::seen_through(&grant, &way, shared))
                    .map(move |grant| {
                        when.map_or(grant.clone(), |when| grants::only_if(&grant, when))
                    })
            })),
            None => grants.push(grant.clone()),
        }
    }
    grants
}

fn bound(pattern: &Pattern, offer: &Offer, answers: &Answers) -> Bound {
    let name = answers.names.get(&offer.entity).unwrap_or(&offer.entity);
    Bound {
        entity: offer.entity.clone(),
        field: name.to_snake_case(),
        pattern: Some(pattern.id),
        audience: grants::split(&offer.audience),
    }
}

fn fitting(pattern: &Pattern, anchor: &Anchor, offers: &Offers, answers: &Answers) -> Vec<Bound> {
    let fits = |offer: &Offer| offer.qualities.contains(&anchor.quality);
    let replaced = |entity: &str| {
        offers
            .iter()
            .any(|(_, other)| fits(other) && other.instead_of.as_deref() == Some(entity))
    };
    let mut fitting: Vec<Bound> = offers
        .iter()
        .filter(|(own, offer)| own.id != pattern.id && fits(offer) && !replaced(&offer.entity))
        .map(|(pattern, offer)| bound(pattern, offer, answers))
        .collect();
    fitting.truncate(if anchor.one { 1 } else { MOST_SUBJECTS });
    fitting
}

fn named(
    anchor: &str,
    names: &[String],
    offers: &Offers,
    answers: &Answers,
) -> Result<Vec<Bound>, ComposeError> {
    let find = |name: &String| {
        let original = answers
            .names
            .iter()
            .find(|(_, new)| *new == name)
            .map_or(name, |(old, _)| old);
        if let Some(given) = answers.given.iter().find(|given| given.name == *name) {
            return Ok(Bound {
                entity: given.name.clone(),
                field: given.name.to_snake_case(),
                pattern: None,
                audience: grants::split(&given.audience),
            });
        }
        let offered = offers.iter().find(|(_, offer)| offer.entity == *original);
        offered
            .map(|(pattern, offer)| bound(pattern, offer, answers))
            .ok_or_else(|| ComposeError::UnknownEntity {
                anchor: anchor.to_owned(),
                entity: name.clone(),
            })
    };
    names.iter().map(find).collect()
}

fn known_anchors(answers: &Answers) -> Result<(), ComposeError> {
    for key in answers.bindings.keys() {
        let known = key.split_once('.').is_some_and(|(id, name)| {
            let pattern = crate::pattern::pattern(id);
            pattern.is_some_and(|pattern| pattern.anchors.iter().any(|anchor| anchor.name == name))
        });
        if !known {
            return Err(ComposeError::UnknownAnchor(key.clone()));
        }
    }
    Ok(())
}

impl Bound {
    /// Grants of the audience for a row that reaches this one by a field.
    pub fn readers(&self, field: &str, shared: bool) -> Vec<String> {
        let grants = self.audience.iter();
        grants
            .map(|grant| grants::seen_through(grant, field, shared))
            .collect()
    }
}
