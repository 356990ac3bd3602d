//! Named operations and the effects of moves: their steps over the rows in memory.

use super::closed::closes;
use super::confine::{Rows, rows, unnamed};
use super::judge::{Judge, Who};
use super::kept::{broken_since, unkept};
use super::write::{
    assign_columns, make_move, new_row, of_the_clock, touch, touch_wholes, unless_blank,
};
use super::{Body, Given, Refusal};
use crate::world::{Among, World};
use archwright_evaluate::{RowRef, Value, compared};
use archwright_plan::Operation;
use archwright_plan::model::{
    self, BindingId, Direction, EntityId, Expression, ExpressionKind, FieldId, InputField,
    InputKind, InputPlace, Model, Otherwise, Step, StepKind, ToManyKind,
};
use archwright_plan::status_code;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Fields with the values that a step gives them.
type Assignments = [(FieldId, Expression)];

/// What a request gives, as an object for each place; what is left out is not there.
pub type Inputs = Vec<(InputPlace, Value)>;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Its `if:` did not hold.
    Skipped,
    Done,
    /// A row that was not there was made, or a pair was linked that was not.
    Made,
    /// Nothing was found, and that is no failure.
    Nothing,
    Failed,
}

/// A list that may hold rows which nobody could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Known rows that are not in it.
    pub never: Vec<RowRef>,
    pub limit: usize,
    pub offset: usize,
}

/// What becomes of a call, as far as the rows in memory tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Performed {
    pub refusal: Option<Refusal>,
    /// What the request gives, with defaults.
    pub inputs: Inputs,
    pub bindings: Vec<(BindingId, Value)>,
    /// Lists, and how many rows match in all.
    pub open: BTreeMap<BindingId, Open>,
    pub open_counts: BTreeSet<BindingId>,
    /// By the positions of the step and of those around it.
    pub steps: Vec<(Vec<usize>, Course)>,
    /// The steps that would have found a row of another tenant too.
    pub kept_out: BTreeSet<Vec<usize>>,
    pub created: Vec<RowRef>,
    /// Rows that were found, made or changed.
    pub touched: BTreeSet<RowRef>,
    /// It hangs on rows that nobody could read.
    pub is_unsure: bool,
    /// A reply of the operation's own tells of it, where there is one for the status.
    pub is_shaped: bool,
    /// Access tokens, and the accounts that they are of.
    pub tokens: Vec<(BindingId, RowRef)>,
    /// Accounts that got a password.
    pub passwords: Vec<RowRef>,
    /// The account that somebody signed in to, or tried to.
    pub signed_in: Option<(RowRef, SignedIn)>,
}

/// Whether the password was that of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedIn {
    Right,
    Wrong,
}

/// Wrong passwords in a row for one account: with more, the server closes it for a while.
const MOST_WRONG: usize = 3;

/// Performs a named operation. A refusal leaves the rows as they were.
pub fn perform(
    world: &mut World,
    operation: &Operation,
    definition: &model::Operation,
    who: &Who,
    inputs: &Inputs,
    now: i64,
) -> Performed {
    let nobody = Who::default();
    let who = match operation.reads_token(world.model()) {
        true => who,
        false => &nobody,
    };
    let judge = Judge::new(world, who, now);
    let holds = |when: &Expression| judge.value(when, None) == Value::Bool(true);
    let admitted = judge.admit(operation);
    let (is_shaped, refusal) = match admitted {
        Some(refusal) => (false, Some(refusal)),
        None => {
            let mut open = operation.guard.iter().filter(|one| judge.is_of(one.caller));
            match open.any(|one| one.when.as_ref().is_none_or(holds)) {
                true => {
                    let refusal = unnamed(&judge, definition, inputs);
                    (
                        refusal.as_ref().is_none_or(|one| one.status != 400),
                        refusal,
                    )
                }
                false => (true, Some(judge.by_rule(operation))),
            }
        }
    };
    let places = [
        (InputPlace::Path, &definition.path_input),
        (InputPlace::Query, &definition.query_input),
        (InputPlace::Header, &definition.header_input),
        (InputPlace::Body, &definition.body_input),
    ];
    let whole = places.into_iter().map(|(place, fields)| {
        let given = inputs.iter().find(|(of, _)| *of == place);
        (place, with_defaults(fields, given.map(|(_, value)| value)))
    });
    let whole: Inputs = whole.collect();
    if refusal.is_some() {
        return Performed {
            refusal,
            is_shaped,
            inputs: whole,
            ..Performed::default()
        };
    }
    let before = world.clone();
    let mut done = run(world, who, now, None, (whole, inputs), &definition.steps);
    if done.refusal.is_none() {
        let (broken, hangs) = broken_since(Some(&before), world, who, now);
        done.is_unsure |= hangs;
        done.refusal = broken.into_iter().next().map(Refusal::at_odds);
    }
    if done.refusal.is_some() {
        *world = before;
    }
    done
}

/// The effects of a move on other rows. The caller puts the rows back where one is refused, and judges the checks that
/// look at other rows.
pub fn effects(
    world: &mut World,
    who: &Who,
    this: &RowRef,
    inputs: &Inputs,
    steps: &[Step],
    now: i64,
) -> Performed {
    let given = (inputs.clone(), inputs);
    run(world, who, now, Some(this.clone()), given, steps)
}

fn run(
    world: &mut World,
    who: &Who,
    now: i64,
    this: Option<RowRef>,
    (inputs, given): (Inputs, &Inputs),
    steps: &[Step],
) -> Performed {
    let mut run = Run {
        world,
        who,
        now,
        this,
        given,
        done: Performed {
            is_shaped: true,
            inputs,
            ..Performed::default()
        },
    };
    let result = run.steps(steps, &mut Vec::new());
    Performed {
        refusal: result.err(),
        ..run.done
    }
}

/// The inputs of a place, with the defaults of those that are left out.
pub fn with_defaults(fields: &[InputField], given: Option<&Value>) -> Value {
    let mut members = match given {
        Some(Value::Object(members)) => members.clone(),
        _ => BTreeMap::new(),
    };
    for field in fields {
        let inner = members.get(&field.name);
        let value = match (&field.kind, &field.default, inner) {
            (InputKind::Scalar(_), _, Some(inner)) => {
                Some(unless_blank(field.blank_as_null, inner))
            }
            (InputKind::Object(_), _, Some(Value::Null)) => None,
            (InputKind::Object(fields), _, Some(inner)) => Some(with_defaults(fields, Some(inner))),
            (InputKind::Scalar(scalar), Some(default), None) => {
                Some(Value::of_scalar(default, scalar))
            }
            _ => None,
        };
        members.extend(value.map(|value| (field.name.clone(), value)));
    }
    Value::Object(members)
}

struct Run<'w, 'p> {
    world: &'w mut World<'p>,
    who: &'w Who,
    now: i64,
    this: Option<RowRef>,
    /// Without defaults.
    given: &'w Inputs,
    done: Performed,
}

type Stepped<T> = Result<T, Refusal>;

impl Run<'_, '_> {
    fn steps(&mut self, steps: &[Step], at: &mut Vec<usize>) -> Stepped<()> {
        for (index, step) in steps.iter().enumerate() {
            at.push(index);
            let held = step.condition.as_ref().is_none_or(|one| self.holds(one));
            let course = match held {
                true => self.one(step, at),
                false => Ok(Course::Skipped),
            };
            let known = *course.as_ref().unwrap_or(&Course::Failed);
            self.done.steps.push((at.clone(), known));
            course.map_err(|refusal| otherwise(self.world.model(), step, refusal))?;
            at.pop();
        }
        Ok(())
    }

    /// The value, and whether it hangs on what nobody could read.
    fn told(&mut self, expression: &Expression, this: Option<&RowRef>) -> (Value, bool) {
        let mut unsure = false;
        // Most calls open no list, and this is asked for each row.
        if !self.done.open.is_empty() || !self.done.open_counts.is_empty() {
            expression.walk(&mut |part| {
                if let ExpressionKind::Binding(binding) = part.kind {
                    unsure |= self.done.open.contains_key(&binding);
                    unsure |= self.done.open_counts.contains(&binding);
                }
            });
        }
        let judge = Judge {
            inputs: &self.done.inputs,
            bindings: &self.done.bindings,
            ..Judge::new(self.world, self.who, self.now)
        };
        let (value, hangs) = judge.told(expression, this);
        (value, unsure || hangs)
    }

    fn value(&mut self, expression: &Expression) -> Value {
        let this = self.this.clone();
        let (value, unsure) = self.told(expression, this.as_ref());
        self.done.is_unsure |= unsure;
        value
    }

    fn holds(&mut self, condition: &Expression) -> bool {
        self.value(condition) == Value::Bool(true)
    }

    fn bind(&mut self, binding: BindingId, value: Value) {
        match &value {
            Value::Row(row) => drop(self.done.touched.insert(row.clone())),
            Value::Rows(rows) => self.done.touched.extend(rows.iter().cloned()),
            _ => {}
        }
        self.done.bindings.retain(|(known, _)| *known != binding);
        self.done.bindings.push((binding, value));
    }

    fn row(&mut self, expression: &Expression, step: &Step) -> Stepped<RowRef> {
        match self.value(expression) {
            Value::Row(row) => {
                self.done.touched.insert(row.clone());
                Ok(row)
            }
            _ => Err(refused(step)),
        }
    }

    /// The row, unless an earlier step deleted it.
    fn stored(&mut self, expression: &Expression, step: &Step) -> Stepped<RowRef> {
        let row = self.row(expression, step)?;
        match self.world.get(&row) {
            Some(_) => Ok(row),
            None => Err(refused(step)),
        }
    }

    fn one(&mut self, step: &Step, at: &mut Vec<usize>) -> Stepped<Course> {
        match &step.kind {
            StepKind::Find {
                bind,
                entity,
                filter,
                ..
            } => self.find(step, at, *bind, *entity, filter.as_ref()),
            StepKind::List { .. } => {
                self.list(&step.kind, at);
                Ok(Course::Done)
            }
            StepKind::Guard { that } => match self.holds(that) {
                true => Ok(Course::Done),
                false => Err(refused(step)),
            },
            StepKind::Create {
                bind,
                entity,
                set,
                sign_up,
                ..
            } => {
                let body = self.body(set);
                let row = self.create(*bind, *entity, &body)?;
                self.set_by_clock(&row, set);
                if let Some(sign_up) = sign_up {
                    if let Some(row) = self.world.get_mut(&row) {
                        row.roles = Some(vec![sign_up.role]);
                    }
                    self.set_password(&row, &sign_up.password);
                }
                Ok(Course::Made)
            }
            StepKind::Upsert {
                bind,
                entity,
                key,
                set,
                ..
            } => self.upsert(at, *bind, *entity, (key, set), true),
            StepKind::GetOrCreate {
                bind,
                entity,
                key,
                set,
                ..
            } => self.upsert(at, *bind, *entity, (key, set), false),
            StepKind::Update { row, set, password } => {
                let row = self.stored(row, step)?;
                let body = self.body(set);
                self.change(&row, &body)?;
                self.set_by_clock(&row, set);
                if let Some(password) = password {
                    self.set_password(&row, password);
                }
                Ok(Course::Done)
            }
            StepKind::Increment { row, field, by } => {
                let row = self.stored(row, step)?;
                let (number, by) = (self.world.value(&row, *field), self.value(by));
                let sum = super::write::increased(&number, &by);
                if sum.is_null() && !number.is_null() && !by.is_null() {
                    return Err(Refusal::new(422, "invalid", "numbers beyond 64 bits"));
                }
                self.change(&row, &Body(vec![(*field, Given::Value(sum))]))?;
                Ok(Course::Done)
            }
            StepKind::Delete { row } => {
                let row = self.stored(row, step)?;
                if !self.world.is_there(&row) {
                    return Err(refused(step));
                }
                let going = super::deletion(self.world, &row)
                    .map_err(|rule| Refusal::new(409, "in-use", rule))?;
                going.apply(self.world, self.now);
                let judge = Judge::new(self.world, self.who, self.now);
                let (broken, hangs) = going.breaks(&judge);
                self.done.is_unsure |= hangs;
                match broken.into_iter().next() {
                    Some(refusal) => Err(refusal),
                    None => Ok(Course::Done),
                }
            }
            StepKind::Link {
                from,
                relation,
                row,
            } => self.link(step, from, *relation, row, true),
            StepKind::Unlink {
                from,
                relation,
                row,
            } => self.link(step, from, *relation, row, false),
            StepKind::Move { row, entity, name } => {
                let row = self.row(row, step)?;
                self.shift(&row, *entity, name)?;
                Ok(Course::Done)
            }
            StepKind::Each {
                bind, list, steps, ..
            } => {
                let items = match self.value(list) {
                    Value::List(items) => items,
                    Value::Rows(rows) => rows.into_iter().map(Value::Row).collect(),
                    _ => Vec::new(),
                };
                let course = match items.is_empty() {
                    true => Course::Nothing,
                    false => Course::Done,
                };
                for item in items {
                    self.bind(*bind, item);
                    self.steps(steps, at)?;
                }
                Ok(course)
            }
            StepKind::SignIn {
                bind,
                key,
                value,
                password,
                ..
            } => self.sign_in(step, *bind, *key, (value, password)),
            StepKind::Token { bind, row, .. } => {
                let row = self.row(row, step)?;
                self.done.tokens.push((*bind, row));
                Ok(Course::Done)
            }
        }
    }

    fn find(
        &mut self,
        step: &Step,
        at: &[usize],
        bind: BindingId,
        entity: EntityId,
        filter: Option<&Expression>,
    ) -> Stepped<Course> {
        let (mut found, unknown) = self.matching(entity, filter, at);
        self.done.is_unsure |= !unknown.is_empty() || found.len() > 1;
        match (found.pop(), step.otherwise) {
            (Some(row), _) => {
                self.bind(bind, Value::Row(row));
                Ok(Course::Done)
            }
            (None, Otherwise::Null) => {
                self.bind(bind, Value::Null);
                Ok(Course::Nothing)
            }
            (None, Otherwise::Status(_)) => Err(refused(step)),
        }
    }

    /// Rows that match, and rows of which too little is known.
    fn matching(
        &mut self,
        entity: EntityId,
        filter: Option<&Expression>,
        at: &[usize],
    ) -> (Vec<RowRef>, Vec<RowRef>) {
        let rows = self.rows(entity);
        let (mut found, mut unknown) = (Vec::new(), rows.unknown);
        for row in rows.met {
            match self.fits(filter, &row) {
                (_, true) => unknown.push(row),
                (true, false) => found.push(row),
                (false, false) => {}
            }
        }
        let mut others = rows.kept_out.iter();
        if others.any(|row| self.fits(filter, row) == (true, false)) {
            self.done.kept_out.insert(at.to_vec());
        }
        (found, unknown)
    }

    fn rows(&self, entity: EntityId) -> Rows {
        rows(&Judge::new(self.world, self.who, self.now), entity)
    }

    /// Whether a row meets a filter, and whether that hangs on what nobody could read.
    fn fits(&mut self, filter: Option<&Expression>, row: &RowRef) -> (bool, bool) {
        let Some(filter) = filter else {
            return (true, false);
        };
        let (value, hangs) = self.told(filter, Some(row));
        (value == Value::Bool(true), hangs)
    }

    fn list(&mut self, kind: &StepKind, at: &[usize]) {
        let StepKind::List {
            bind,
            entity,
            filter,
            sort,
            limit,
            offset,
            count,
            ..
        } = kind
        else {
            return;
        };
        let (mut rows, unknown) = self.matching(*entity, filter.as_ref(), at);
        rows.sort_by(|left, right| self.ordered(sort, left, right));
        let most = i64::from(self.world.model().api.page_max);
        let mut number = |expression: &Option<Expression>, usual: i64| {
            let value = expression.as_ref().map(|one| self.value(one));
            match value {
                Some(Value::Int(value)) => usize::try_from(value).unwrap_or(0),
                _ => usual as usize,
            }
        };
        let limit = number(limit, most).min(most as usize);
        let offset = number(offset, 0);
        let judge = Judge {
            inputs: &self.done.inputs,
            bindings: &self.done.bindings,
            ..Judge::new(self.world, self.who, self.now)
        };
        let is_closed = !self.world.is_hidden(*entity)
            || filter.as_ref().is_some_and(|filter| closes(&judge, filter));
        if let Some((bind, _)) = count {
            self.bind(*bind, Value::Int(rows.len() as i64));
        }
        if !is_closed || !unknown.is_empty() {
            let others = self.rows(*entity);
            let others = others.met.into_iter().chain(others.kept_out);
            let never = others.filter(|row| !rows.contains(row) && !unknown.contains(row));
            let open = Open {
                never: never.collect(),
                limit,
                offset,
            };
            self.done.open.insert(*bind, open);
            self.done
                .open_counts
                .extend(count.as_ref().map(|(bind, _)| *bind));
        }
        let window = rows.into_iter().skip(offset).take(limit);
        self.bind(*bind, Value::Rows(window.collect()));
    }

    /// By the keys, missing values first; then by id in the direction of the first key, without a key the newest first.
    fn ordered(&self, sort: &[(FieldId, Direction)], left: &RowRef, right: &RowRef) -> Ordering {
        for (field, direction) in sort {
            let value = |row: &RowRef| self.world.value(row, *field);
            let (first, second) = (value(left), value(right));
            let order = match (first.is_null(), second.is_null()) {
                (false, false) => compared(&first, &second).ok().flatten(),
                (first, second) => Some(second.cmp(&first)),
            };
            let order = order.unwrap_or(Ordering::Equal);
            let order = match direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            };
            if order.is_ne() {
                return order;
            }
        }
        let order = super::list::by_id(self.world, left, right);
        let first = sort.first();
        match first.is_none_or(|(_, direction)| *direction == Direction::Descending) {
            true => order.reverse(),
            false => order,
        }
    }

    /// The values for fields, without those whose input was left out.
    fn body(&mut self, set: &[(FieldId, Expression)]) -> Body {
        let mut body = Body::default();
        for (field, value) in set {
            if let ExpressionKind::Input { place, path } = &value.kind
                && self.is_absent(*place, path)
            {
                continue;
            }
            let value = self.value(value);
            let definition = self.world.model().field(*field);
            body.set(
                *field,
                match super::write::typed(value, definition) {
                    Value::Row(row) => Given::Row(row),
                    value => Given::Value(value),
                },
            );
        }
        body
    }

    /// What comes from the server's clock is told by the next reply that shows it.
    fn set_by_clock(&mut self, row: &RowRef, set: &Assignments) {
        let of_clock = set.iter().filter(|(_, value)| of_the_clock(value));
        if let Some(row) = self.world.get_mut(row) {
            row.fresh.extend(of_clock.map(|(field, _)| field.index));
        }
    }

    /// Left out, itself or what it stands in, without a default.
    fn is_absent(&self, place: InputPlace, path: &[String]) -> bool {
        let within = |inputs: &Inputs| {
            let mut value = inputs
                .iter()
                .find(|(of, _)| *of == place)
                .map(|(_, value)| value);
            for name in path {
                value = match value {
                    Some(Value::Object(members)) => members.get(name),
                    // An object that is null leaves what is in it out.
                    _ => None,
                };
            }
            value.is_some()
        };
        !within(self.given) && !within(&self.done.inputs)
    }

    fn create(&mut self, bind: BindingId, entity: EntityId, body: &Body) -> Stepped<RowRef> {
        let row = RowRef {
            entity,
            id: self.world.numbered(),
        };
        let new = new_row(self.world, &row, self.who, body, self.now);
        self.world.insert(&row, new);
        self.place(&row);
        self.kept(&row)?;
        touch_wholes(self.world, &row, self.now);
        self.done.created.push(row.clone());
        self.bind(bind, Value::Row(row.clone()));
        Ok(row)
    }

    /// A part that comes by itself stands last.
    fn place(&mut self, part: &RowRef) {
        let Some(of) = self.world.model().entity(part.entity).part_of else {
            return;
        };
        let Some(whole) = self.world.target(part, of.back) else {
            return;
        };
        let mut others = self.world.referring(&whole, of.back, Among::All);
        others.retain(|other| other != part);
        let places = others.iter().filter_map(|other| self.world.get(other));
        let last = places.map(|other| other.position + 1).max();
        if let Some(part) = self.world.get_mut(part) {
            part.position = last.unwrap_or(0);
        }
    }

    /// A text of the body.
    fn text(&self, path: &[String]) -> Option<String> {
        let mut inputs = self.done.inputs.iter();
        let body = inputs.find(|(place, _)| *place == InputPlace::Body);
        let mut value = body.map(|(_, value)| value);
        for name in path {
            value = match value {
                Some(Value::Object(members)) => members.get(name),
                _ => None,
            };
        }
        match value {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// Left out, it stays as it is.
    fn set_password(&mut self, account: &RowRef, path: &[String]) {
        if let Some(password) = self.text(path)
            && let Some(row) = self.world.get_mut(account)
        {
            row.password = Some(password);
            row.wrong = 0;
            self.done.passwords.push(account.clone());
        }
    }

    fn sign_in(
        &mut self,
        step: &Step,
        bind: BindingId,
        key: FieldId,
        (value, password): (&[String], &[String]),
    ) -> Stepped<Course> {
        let (name, password) = (self.text(value), self.text(password));
        let name = name.map(Value::Text);
        let account = self
            .world
            .of(key.entity)
            .find(|row| name.as_ref() == Some(&self.world.value(row, key)));
        let Some(account) = account else {
            return Err(refused(step));
        };
        let known = self.world.get(&account).cloned().unwrap_or_default();
        // Only of its own accounts does the suite know that they have none.
        self.done.is_unsure |= known.password.is_none() && !known.made;
        match known.password == password {
            true => {
                self.done.signed_in = Some((account.clone(), SignedIn::Right));
                self.bind(bind, Value::Row(account));
                Ok(Course::Done)
            }
            false => {
                self.done.is_unsure |= known.wrong >= MOST_WRONG;
                self.done.signed_in = Some((account, SignedIn::Wrong));
                Err(refused(step))
            }
        }
    }

    fn change(&mut self, row: &RowRef, body: &Body) -> Stepped<()> {
        if body.0.is_empty() {
            return Ok(());
        }
        assign_columns(self.world, row, body);
        touch(self.world, row, self.now);
        self.kept(row)?;
        touch_wholes(self.world, row, self.now);
        Ok(())
    }

    /// What the database itself refuses.
    fn kept(&mut self, row: &RowRef) -> Stepped<()> {
        let (refusals, hangs) = unkept(&Judge::new(self.world, self.who, self.now), row);
        self.done.is_unsure |= hangs;
        let taken = refusals.iter().filter(|one| one.code == "unique").count();
        match refusals.into_iter().next() {
            // Which of several keys is told is the database's choice.
            Some(refusal) if refusal.code == "unique" && taken > 1 => Err(Refusal {
                pointers: Vec::new(),
                ..refusal
            }),
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    fn upsert(
        &mut self,
        at: &[usize],
        bind: BindingId,
        entity: EntityId,
        (key, set): (&Assignments, &Assignments),
        changes: bool,
    ) -> Stepped<Course> {
        let mut body = self.body(key);
        let fits = |world: &World, row: &RowRef| {
            body.0.iter().all(|(field, given)| {
                let stored = world.value(row, *field);
                match given {
                    Given::Row(target) => stored == Value::Row(target.clone()),
                    Given::Value(value) => stored == *value,
                    Given::Rows(_) | Given::Parts(_) => false,
                }
            })
        };
        let rows = self.rows(entity);
        self.done.is_unsure |= rows.unknown.iter().any(|row| fits(self.world, row));
        if rows.kept_out.iter().any(|row| fits(self.world, row)) {
            self.done.kept_out.insert(at.to_vec());
        }
        let mut met = rows.met.into_iter();
        match met.find(|row| fits(self.world, row)) {
            Some(row) => {
                if changes {
                    let body = self.body(set);
                    self.change(&row, &body)?;
                    self.set_by_clock(&row, set);
                }
                self.bind(bind, Value::Row(row));
                Ok(Course::Done)
            }
            None => {
                for (field, given) in self.body(set).0 {
                    body.set(field, given);
                }
                let row = self.create(bind, entity, &body)?;
                self.set_by_clock(&row, key);
                self.set_by_clock(&row, set);
                Ok(Course::Made)
            }
        }
    }

    fn link(
        &mut self,
        step: &Step,
        from: &Expression,
        relation: FieldId,
        row: &Expression,
        links: bool,
    ) -> Stepped<Course> {
        let (from, row) = (self.stored(from, step)?, self.stored(row, step)?);
        let kind = self.world.model().field(relation).to_many();
        let Some(ToManyKind::Linked { canonical, .. }) = kind.map(|one| &one.kind) else {
            return Ok(Course::Nothing);
        };
        let (near, far) = match *canonical == relation {
            true => (from, row),
            false => (row, from),
        };
        let was = self.world.is_linked(&near, *canonical, &far.id);
        if let Some(found) = self.world.get_mut(&near) {
            let ids = found.links.entry(canonical.index).or_default();
            match links {
                true => ids.insert(far.id.clone()),
                false => ids.remove(&far.id),
            };
        }
        if was == links {
            return Ok(Course::Done);
        }
        touch(self.world, &near, self.now);
        touch_wholes(self.world, &near, self.now);
        Ok(Course::Made)
    }

    fn shift(&mut self, row: &RowRef, entity: EntityId, name: &str) -> Stepped<()> {
        let machine = self.world.model().entity(entity).state.as_ref();
        let index =
            machine.and_then(|machine| machine.moves.iter().position(|one| one.name == name));
        let plan = self.world.plan;
        let operation = plan.operations.iter().find(|one| {
            one.entity == Some(entity)
                && index
                    .is_some_and(|index| one.kind == archwright_plan::OperationKind::Move(index))
        });
        let Some(operation) = operation else {
            return Err(Refusal::new(
                403,
                "forbidden",
                "a move that nobody may make",
            ));
        };
        let judge = Judge::new(self.world, self.who, self.now);
        let (held, hangs) = judge.watching(|| judge.passes(&operation.guard, row));
        self.done.is_unsure |= hangs;
        if !held {
            let judge = Judge::new(self.world, self.who, self.now);
            return Err(judge.by_rule(operation));
        }
        let moved = make_move(self.world, operation, row, self.who, &Vec::new(), self.now);
        self.done.is_unsure |= moved.is_unsure;
        self.done.created.extend(moved.created);
        self.done.touched.extend(moved.touched);
        match moved.refusals.into_iter().next() {
            Some(refusal) => Err(refusal),
            None => {
                touch_wholes(self.world, row, self.now);
                Ok(())
            }
        }
    }
}

/// The place in the body of the value that a step writes into a field as it is. The body of a move holds nothing but its
/// inputs.
fn given_by(model: &Model, step: &Step, pointer: &str) -> Option<String> {
    let (key, set): (&Assignments, &Assignments) = match &step.kind {
        StepKind::Create { set, .. } | StepKind::Update { set, .. } => (&[], set),
        StepKind::Upsert { key, set, .. } | StepKind::GetOrCreate { key, set, .. } => (key, set),
        _ => return None,
    };
    let mut all = key.iter().chain(set);
    let field =
        |(field, _): &&(FieldId, Expression)| format!("/{}", model.json_name(*field)) == pointer;
    match &all.find(field)?.1.kind {
        ExpressionKind::Input {
            place: InputPlace::Body | InputPlace::Move,
            path,
        } => Some(format!("/{}", path.join("/"))),
        _ => None,
    }
}

fn refused(step: &Step) -> Refusal {
    let status = match step.otherwise {
        Otherwise::Status(status) => status,
        Otherwise::Null => 404,
    };
    Refusal {
        is_chosen: !matches!(status, 401 | 403 | 404 | 409),
        ..Refusal::new(status, status_code(status), "a step that can't be done")
    }
}

/// What a write is refused for is told as the step wants it, but for a value that the body itself gives.
fn otherwise(model: &Model, step: &Step, refusal: Refusal) -> Refusal {
    if let StepKind::Each { .. } = step.kind {
        // The steps in it told it as they want it.
        return refusal;
    }
    if let ("invalid", [pointer]) = (refusal.code, refusal.pointers.as_slice())
        && let Some(place) = given_by(model, step, pointer)
    {
        return Refusal {
            pointers: vec![place],
            ..refusal
        };
    }
    let Otherwise::Status(wanted) = step.otherwise else {
        return refusal;
    };
    let mut refusal = refusal.at_odds();
    if refusal.code == "unique" {
        let places = refusal.pointers.iter();
        let places = places.filter_map(|place| given_by(model, step, place));
        refusal.pointers = places.collect();
    }
    match refusal.status == 409 && wanted != 409 {
        true => Refusal {
            status: wanted,
            code: status_code(wanted),
            pointers: Vec::new(),
            is_chosen: true,
            ..refusal
        },
        false => refusal,
    }
}
