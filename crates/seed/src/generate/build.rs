//! One proposal for a row, with its parts and links.

use super::{Generator, Wish, rules};
use crate::designed::{self, Given};
use crate::judge::{self, Scope};
use crate::text::{slug_of, somebody};
use crate::values::{self, Subject};
use crate::world::{Row, RowIndex};
use archwright_plan::SeedAccount;
use archwright_plan::model::calendar::instant_to_text;
use archwright_plan::model::{
    Entity, EntityId, Field, FieldId, FieldKind, Literal, Origin, ScalarType, SeedValue, ToManyKind,
};

/// No further proposal will do better.
pub(super) const NOTHING_TO_REFER_TO: &str = "there is no row that it could refer to";

/// Tries for a part beside its siblings.
const PART_TRIES: u32 = 6;
/// Deepest nesting of parts.
const DEPTH: u32 = 8;

/// A row that is being put together.
struct Draft<'p> {
    entity: &'p Entity,
    given: Given<'p>,
    number: usize,
    attempt: u32,
    sign_in: Option<String>,
    /// For a part: the field that points back, and the whole.
    whole: Option<(FieldId, RowIndex)>,
    caller: Option<RowIndex>,
    /// Whom the row is about, if it is about a person.
    person: (&'static str, &'static str),
    row: Row,
    postponed: Vec<(FieldId, &'p SeedValue)>,
}

impl<'p> Generator<'p> {
    /// Adds a row and its parts to the world.
    pub(super) fn build(
        &mut self,
        wish: &Wish<'p>,
        attempt: u32,
        created_ms: i64,
    ) -> Result<RowIndex, String> {
        let mut draft = self.draft(wish.entity, wish.given, wish.number, attempt, created_ms);
        draft.sign_in = wish.sign_in.clone();
        draft.row.account = wish.account.clone();
        self.complete(draft, 0)
    }

    fn draft(
        &mut self,
        entity: EntityId,
        given: Given<'p>,
        number: usize,
        attempt: u32,
        created_ms: i64,
    ) -> Draft<'p> {
        let row = Row {
            entity,
            id: String::new(),
            values: Default::default(),
            links: Default::default(),
            position: None,
            account: None::<SeedAccount>,
            tenant: None,
            created_ms,
        };
        Draft {
            entity: self.model.entity(entity),
            given,
            number,
            attempt,
            sign_in: None,
            whole: None,
            caller: None,
            person: somebody(&mut self.rng),
            row,
            postponed: Vec::new(),
        }
    }

    fn complete(&mut self, mut draft: Draft<'p>, depth: u32) -> Result<RowIndex, String> {
        let entity = draft.entity;
        self.choose_tenant(&mut draft);
        self.refer(&mut draft)?;
        draft.row.id = self.id(entity, draft.row.created_ms);
        if self.model.tenant == Some(entity.id) {
            draft.row.tenant = Some(draft.row.id.clone());
        }
        for field in entity
            .fields
            .iter()
            .filter(|field| field.slug_from.is_none())
        {
            self.fill_scalar(&mut draft, field)?;
        }
        for field in entity
            .fields
            .iter()
            .filter(|field| field.slug_from.is_some())
        {
            self.fill_slug(&mut draft, field)?;
        }
        self.choose_links(&mut draft);
        let Draft {
            row,
            given,
            attempt,
            postponed,
            ..
        } = draft;
        let created_ms = row.created_ms;
        let index = self.world.push(row);
        let later = postponed.into_iter();
        self.postponed
            .extend(later.map(|(field, value)| (index, field, value)));
        if depth < DEPTH {
            for field in rules::composed(entity) {
                self.build_parts(index, field, given, attempt, created_ms, depth)?;
            }
        }
        Ok(index)
    }

    fn id(&mut self, entity: &Entity, created_ms: i64) -> String {
        match entity.id_type {
            archwright_plan::model::IdType::Int => (self.world.of(entity.id).len() + 1).to_string(),
            archwright_plan::model::IdType::Uuid => {
                let sequence = self.world.rows.len() as u64;
                values::timed_uuid(created_ms, sequence, &mut self.rng)
            }
        }
    }

    // ---- relations -------------------------------------------------------------------------------------------------

    fn choose_tenant(&mut self, draft: &mut Draft<'p>) {
        if let Some((_, whole)) = draft.whole {
            draft.row.tenant = self.world.rows[whole].tenant.clone();
            return;
        }
        let given = draft.given.iter().find_map(|(field, value)| {
            let SeedValue::Reference(name) = value else {
                return None;
            };
            let target = self.model.field(*field).to_one()?.target;
            let row = designed::named(&self.world, target, name, None)?;
            self.world.rows[row].tenant.clone()
        });
        let tenants = self.tenants(draft.entity.id);
        draft.row.tenant = match draft.attempt {
            _ if given.is_some() => given,
            _ if tenants.is_empty() => None,
            0..12 => {
                let turn = self.tenant_turn(draft.entity.id, draft.number);
                tenants.get(turn % tenants.len()).cloned()
            }
            _ => tenants.get(self.rng.below(tenants.len())).cloned(),
        };
    }

    /// Tenants take turns; the first sign-ins of all roles are of one tenant, the second ones of the next.
    fn tenant_turn(&self, entity: EntityId, number: usize) -> usize {
        let account = self.model.account.as_ref();
        let given = self.model.seeds.iter().find(|seed| seed.entity == entity);
        let given = given.map_or(0, |seed| seed.with.len());
        let roles = self.model.roles.len().max(1);
        match number.checked_sub(given) {
            Some(place) if account.is_some_and(|account| account.entity == entity) => {
                if place < 2 * roles {
                    place / roles
                } else {
                    place
                }
            }
            _ => number,
        }
    }

    /// Fills in the to-one relations; the owner first, because defaults may speak of the caller.
    fn refer(&mut self, draft: &mut Draft<'p>) -> Result<(), String> {
        let owner = draft.entity.owner;
        let mut fields: Vec<&'p Field> = draft
            .entity
            .fields
            .iter()
            .filter(|field| field.to_one().is_some())
            .collect();
        fields.sort_by_key(|field| {
            (
                Some(field.id) != draft.entity.tenant,
                Some(field.id) != owner,
            )
        });
        for field in fields {
            let Some(target) = self.choose_target(draft, field)? else {
                continue;
            };
            let chosen = &self.world.rows[target];
            draft.row.tenant = draft.row.tenant.take().or(chosen.tenant.clone());
            let after = chosen.created_ms + 60_000;
            draft.row.created_ms = draft.row.created_ms.max(after).min(self.options.now_ms);
            let id = Literal::Text(chosen.id.clone());
            draft.row.values.insert(field.id.index, id);
            if Some(field.id) == owner {
                draft.caller = Some(target);
            }
        }
        Ok(())
    }

    fn choose_target(
        &mut self,
        draft: &mut Draft<'p>,
        field: &'p Field,
    ) -> Result<Option<RowIndex>, String> {
        let Some(relation) = field.to_one() else {
            return Ok(None);
        };
        if let Some((back, whole)) = draft.whole
            && back == field.id
        {
            return Ok(Some(whole));
        }
        let tenant = draft.row.tenant.clone();
        if let Some(value) = designed::value(draft.given, field.id) {
            let SeedValue::Reference(name) = value else {
                return Ok(None);
            };
            let found = designed::named(&self.world, relation.target, name, tenant.as_deref());
            if found.is_none() && !field.optional {
                return Err(format!("`{}` names no row: `{name}`", field.name));
            }
            if found.is_none() {
                draft.postponed.push((field.id, value));
            }
            return Ok(found);
        }
        if Some(field.id) == draft.entity.tenant {
            let found = tenant.and_then(|id| self.world.find(relation.target, &id));
            return match found {
                None if !field.optional => Err(NOTHING_TO_REFER_TO.to_owned()),
                found => Ok(found),
            };
        }
        if field.optional && (field.read_only || !self.rng.chance(draft.fullness())) {
            return Ok(None);
        }
        if let Some(chosen) = self.by_default(draft, field) {
            return Ok(Some(chosen));
        }
        let candidates = self.candidates(draft, field, relation.target);
        let place = match Some(field.id) == draft.entity.owner && draft.attempt < 12 {
            true => self.turn(draft),
            false => self.rng.below(candidates.len()),
        };
        match candidates.get(place % candidates.len().max(1)) {
            Some(chosen) => Ok(Some(*chosen)),
            None if field.optional => Ok(None),
            None if self.world.of(relation.target).is_empty() => {
                Err(NOTHING_TO_REFER_TO.to_owned())
            }
            None => Err(format!("no row is left for `{}`", field.name)),
        }
    }

    /// Owners take turns after each has a row in every state, so that whoever signs in finds one of each.
    fn turn(&self, draft: &Draft<'p>) -> usize {
        let tenants = self.tenants(draft.entity.id).len().max(1);
        let states = self.states(draft.entity.id).len().max(1);
        draft.number / tenants / states
    }

    fn by_default(&self, draft: &Draft<'p>, field: &Field) -> Option<RowIndex> {
        let default = field.default.as_ref()?;
        let scope = Scope {
            caller: draft.caller,
            now_ms: draft.row.created_ms,
            ..Scope::default()
        };
        let Literal::Text(id) = judge::literal(&self.world, default, &scope)? else {
            return None;
        };
        self.world.find(field.to_one()?.target, &id)
    }

    /// Rows that the field may refer to: of the same tenant, and not taken where it is unique.
    fn candidates(&self, draft: &Draft<'p>, field: &Field, target: EntityId) -> Vec<RowIndex> {
        let single = |key: &archwright_plan::model::UniqueKey| key.fields == [field.id];
        let unique = draft.entity.unique.iter().any(single);
        let taken = |id: &str| {
            unique
                && self
                    .world
                    .of(draft.entity.id)
                    .iter()
                    .any(|row| self.world.rows[*row].text(field.id) == Some(id))
        };
        let tenant = &draft.row.tenant;
        let fits = |row: &RowIndex| {
            let row = &self.world.rows[*row];
            let together = tenant.is_none() || row.tenant.is_none() || row.tenant == *tenant;
            together && !taken(&row.id)
        };
        let found: Vec<RowIndex> = self.world.of(target).iter().copied().filter(fits).collect();
        if Some(field.id) != draft.entity.owner || draft.attempt >= 12 {
            return found;
        }
        // Owners are those who signed up, as long as there are any.
        let signed_up: Vec<RowIndex> = found
            .iter()
            .copied()
            .filter(|row| {
                let account = self.world.rows[*row].account.as_ref();
                account.is_some_and(|account| {
                    account
                        .roles
                        .iter()
                        .any(|role| self.model.role(*role).sign_up)
                })
            })
            .collect();
        if signed_up.is_empty() {
            found
        } else {
            signed_up
        }
    }

    fn choose_links(&mut self, draft: &mut Draft<'p>) {
        for field in &draft.entity.fields {
            let FieldKind::ToMany(relation) = &field.kind else {
                continue;
            };
            let ToManyKind::Linked { canonical, .. } = relation.kind else {
                continue;
            };
            if let Some(value) = designed::value(draft.given, field.id) {
                match self.links_now(draft, field.id, canonical, value) {
                    Some(ids) => drop(draft.row.links.insert(field.id.index, ids)),
                    None => draft.postponed.push((field.id, value)),
                }
                continue;
            }
            if canonical != field.id || (draft.fullness() == 0 && !draft.given.is_empty()) {
                continue;
            }
            let wanted = 1 + self.rng.below(3);
            let ids = self.some_ids(draft.row.tenant.as_deref(), relation.target, wanted);
            if !ids.is_empty() && (draft.attempt > 0 || self.rng.chance(85)) {
                draft.row.links.insert(field.id.index, ids);
            }
        }
    }

    fn links_now(
        &self,
        draft: &Draft<'p>,
        field: FieldId,
        canonical: FieldId,
        value: &SeedValue,
    ) -> Option<Vec<String>> {
        let (SeedValue::References(names), true) = (value, canonical == field) else {
            return None;
        };
        let target = self.model.field(field).to_many()?.target;
        let tenant = draft.row.tenant.as_deref();
        names
            .iter()
            .map(|name| {
                let row = designed::named(&self.world, target, name, tenant)?;
                Some(self.world.rows[row].id.clone())
            })
            .collect()
    }

    /// So many different rows of an entity at most, within a tenant.
    pub(super) fn some_ids(
        &mut self,
        tenant: Option<&str>,
        target: EntityId,
        wanted: usize,
    ) -> Vec<String> {
        let mut fitting: Vec<String> = self
            .world
            .of(target)
            .iter()
            .map(|row| &self.world.rows[*row])
            .filter(|row| {
                tenant.is_none() || row.tenant.is_none() || row.tenant.as_deref() == tenant
            })
            .map(|row| row.id.clone())
            .collect();
        self.rng.shuffle(&mut fitting);
        fitting.truncate(wanted);
        fitting
    }

    fn build_parts(
        &mut self,
        whole: RowIndex,
        field: FieldId,
        given: Given<'p>,
        attempt: u32,
        created_ms: i64,
        depth: u32,
    ) -> Result<(), String> {
        let FieldKind::ToMany(relation) = &self.model.field(field).kind else {
            return Ok(());
        };
        let ToManyKind::Composed { by } = relation.kind else {
            return Ok(());
        };
        if let Some(SeedValue::Parts(parts)) = designed::value(given, field) {
            for (position, given) in parts.iter().enumerate() {
                let mut draft = self.draft(relation.target, given, position, attempt, created_ms);
                draft.whole = Some((by, whole));
                draft.row.position = Some(position as u32);
                self.complete(draft, depth + 1)?;
            }
            return Ok(());
        }
        // A designed whole without parts has none, unless a rule asks for some.
        if !given.is_empty() && attempt % 3 != 1 {
            return Ok(());
        }
        let wanted = 1 + self.rng.below(3) + usize::from(attempt % 4 == 3);
        for position in 0..wanted {
            for again in 0..PART_TRIES {
                let length = self.world.rows.len();
                let attempt = attempt.max(again);
                let mut draft = self.draft(relation.target, &[], position, attempt, created_ms);
                draft.whole = Some((by, whole));
                draft.row.position = Some(self.world.many(whole, field).len() as u32);
                let made = self.complete(draft, depth + 1);
                match made {
                    Ok(part) if !self.world.repeats_a_key(part) => break,
                    Err(reason) if reason == NOTHING_TO_REFER_TO => return Ok(()),
                    _ => self.world.truncate(length),
                }
            }
        }
        Ok(())
    }

    /// Links and optional references whose targets came later than the rows themselves.
    pub(super) fn link_later(&mut self) {
        for entity in &self.model.entities {
            let rows = self.world.of(entity.id).to_vec();
            for field in &entity.fields {
                let given = |row: usize| self.is_given(entity.id, row, field.id);
                let untouched: Vec<RowIndex> = rows
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| !given(*place))
                    .map(|(_, row)| *row)
                    .collect();
                self.link_field_later(field, &rows, &untouched);
            }
        }
    }

    fn is_given(&self, entity: EntityId, row: usize, field: FieldId) -> bool {
        let seed = self.model.seeds.iter().find(|seed| seed.entity == entity);
        let given = seed.and_then(|seed| seed.with.get(row));
        given.is_some_and(|given| designed::value(given, field).is_some())
    }

    fn link_field_later(&mut self, field: &Field, all: &[RowIndex], rows: &[RowIndex]) {
        match &field.kind {
            FieldKind::ToMany(relation) => {
                let ToManyKind::Linked { canonical, .. } = relation.kind else {
                    return;
                };
                let linked =
                    |row: &RowIndex| self.world.rows[*row].links.contains_key(&field.id.index);
                if canonical != field.id || all.iter().any(linked) {
                    return;
                }
                for row in rows {
                    let wanted = self.rng.below(4);
                    let tenant = self.world.rows[*row].tenant.clone();
                    let ids = self.some_ids(tenant.as_deref(), relation.target, wanted);
                    self.world.link(*row, field.id, ids);
                    if self.broken_check(*row).is_some() {
                        self.world.link(*row, field.id, Vec::new());
                    }
                }
            }
            FieldKind::ToOne(relation) if field.optional && !field.read_only => {
                let set =
                    |row: &RowIndex| self.world.rows[*row].values.contains_key(&field.id.index);
                if all.iter().any(set)
                    || Some(field.id) == self.model.entity(field.id.entity).tenant
                {
                    return;
                }
                for row in rows {
                    let tenant = self.world.rows[*row].tenant.clone();
                    let id = self.some_ids(tenant.as_deref(), relation.target, 1).pop();
                    if !self.rng.chance(50) || id.as_deref() == Some(&self.world.rows[*row].id) {
                        continue;
                    }
                    self.world.set(*row, field.id, id.map(Literal::Text));
                    if self.broken_check(*row).is_some() || self.world.repeats_a_key(*row) {
                        self.world.set(*row, field.id, None);
                    }
                }
            }
            _ => {}
        }
    }

    // ---- scalars ---------------------------------------------------------------------------------------------------

    fn fill_scalar(&mut self, draft: &mut Draft<'p>, field: &'p Field) -> Result<(), String> {
        let Some(scalar) = field.scalar().filter(|_| field.computed.is_none()) else {
            return Ok(());
        };
        let value = match designed::value(draft.given, field.id) {
            Some(SeedValue::Literal(literal)) => {
                self.initial(draft, field).or(Some(literal.clone()))
            }
            Some(_) => None,
            None => match self.settled(draft, field, scalar) {
                Some(value) => Some(value),
                None => self.invented(draft, field)?,
            },
        };
        if let Some(value) = value.filter(|value| *value != Literal::Null) {
            draft.row.values.insert(field.id.index, value);
        }
        Ok(())
    }

    /// A state machine starts where it starts, whatever state the row is to come to.
    fn initial(&self, draft: &Draft<'p>, field: &Field) -> Option<Literal> {
        let machine = draft.entity.state.as_ref()?;
        (machine.field == field.id).then(|| Literal::Text(machine.initial.clone()))
    }

    /// Values that nobody chooses: the initial state, timestamps, the sign-in.
    fn settled(&self, draft: &Draft<'p>, field: &Field, scalar: &ScalarType) -> Option<Literal> {
        if let Some(initial) = self.initial(draft, field) {
            return Some(initial);
        }
        if field.origin == Origin::Implied && *scalar == ScalarType::DateTime {
            return Some(Literal::Text(instant_to_text(draft.row.created_ms)));
        }
        let account = self.model.account.as_ref()?;
        let sign_in = draft.sign_in.clone()?;
        let text = Literal::Text(sign_in);
        let subject = self.subject(draft.entity, field)?;
        (account.sign_in == field.id && values::accepts(&subject, &text)).then_some(text)
    }

    fn invented(&mut self, draft: &Draft<'p>, field: &Field) -> Result<Option<Literal>, String> {
        if matches!(field.scalar(), Some(ScalarType::File { .. })) {
            return match field.optional {
                true => Ok(None),
                false => Err(format!("`{}` needs a file", field.name)),
            };
        }
        let by_default = self.defaulted(draft, field);
        let unique = draft
            .entity
            .unique
            .iter()
            .any(|key| key.fields.contains(&field.id));
        if by_default.is_some() && !unique && (field.read_only || self.rng.chance(65)) {
            return Ok(by_default);
        }
        if field.optional && (field.read_only || !self.rng.chance(draft.fullness())) {
            return Ok(None);
        }
        let attempt = if unique {
            self.clashes
        } else {
            draft.attempt / 16
        };
        let Some(mut subject) = self.subject(draft.entity, field) else {
            return Ok(None);
        };
        subject.person = Some(draft.person);
        match values::distinct(&subject, attempt, &mut self.rng) {
            Some(value) => Ok(Some(value)),
            None if by_default.is_some() => Ok(by_default),
            None if field.optional => Ok(None),
            None => Err(format!("no value fits `{}`", field.name)),
        }
    }

    fn defaulted(&self, draft: &Draft<'p>, field: &Field) -> Option<Literal> {
        let default = field.default.as_ref()?;
        let caller = draft.caller.or_else(|| self.accounts().first().copied());
        let scope = Scope {
            caller,
            now_ms: draft.row.created_ms,
            ..Scope::default()
        };
        judge::literal_for(&self.world, default, &scope, field)
    }

    fn fill_slug(&mut self, draft: &mut Draft<'p>, field: &'p Field) -> Result<(), String> {
        let source = field
            .slug_from
            .and_then(|from| draft.row.values.get(&from.index));
        let Some(Literal::Text(source)) =
            source.filter(|_| designed::value(draft.given, field.id).is_none())
        else {
            return self.fill_scalar(draft, field);
        };
        let mut slug = slug_of(source);
        if self.clashes > 0 {
            slug.truncate(90);
            slug = format!("{}-{}", slug.trim_end_matches('-'), self.clashes + 1);
        }
        draft.row.values.insert(field.id.index, Literal::Text(slug));
        Ok(())
    }

    pub(crate) fn subject<'a>(&self, entity: &'a Entity, field: &'a Field) -> Option<Subject<'a>> {
        let account = self.model.account.as_ref();
        let is_account = account.is_some_and(|account| account.entity == entity.id);
        Subject::of_field(entity, field, is_account, self.options.now_ms)
    }
}

impl Draft<'_> {
    /// How many of a hundred optional fields are filled in; another attempt tries another measure. What a designed row
    /// leaves out stays out, as long as no rule asks for it.
    fn fullness(&self) -> u32 {
        let usual = if self.given.is_empty() { 60 } else { 0 };
        [usual, 100, 0][self.attempt as usize % 3]
    }
}
