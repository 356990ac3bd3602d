//! Named operations and the effects of moves: their steps over the rows in memory.

use super::closed::closes;
use super::judge::{Judge, Who};
use super::write::{assign_columns, broken, make_move, missing, new_row, touch, unique_faults};
use super::{Body, Given, Refusal};
use crate::world::World;
use archwright_evaluate::{RowRef, Value, compared};
use archwright_plan::Operation;
use archwright_plan::model::{
    self, BindingId, Direction, EntityId, Expression, ExpressionKind, FieldId, InputField,
    InputKind, InputPlace, Otherwise, Step, StepKind, ToManyKind,
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
    pub bindings: Vec<(BindingId, Value)>,
    /// Lists, and how many rows match in all.
    pub open: BTreeMap<BindingId, Open>,
    pub open_counts: BTreeSet<BindingId>,
    /// By the positions of the step and of those around it.
    pub steps: Vec<(Vec<usize>, Course)>,
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
            let allowed = open.any(|one| one.when.as_ref().is_none_or(holds));
            (true, (!allowed).then(|| judge.by_rule(operation)))
        }
    };
    if refusal.is_some() {
        return Performed {
            refusal,
            is_shaped,
            ..Performed::default()
        };
    }
    let places = [
        (InputPlace::Path, &definition.path_input),
        (InputPlace::Query, &definition.query_input),
        (InputPlace::Header, &definition.header_input),
        (InputPlace::Body, &definition.body_input),
    ];
    let whole = places.map(|(place, fields)| {
        let given = inputs.iter().find(|(of, _)| *of == place);
        (place, with_defaults(fields, given.map(|(_, value)| value)))
    });
    run_undone(
        world,
        who,
        now,
        None,
        whole.to_vec(),
        inputs,
        &definition.steps,
    )
}

/// The effects of a move on other rows; a refusal leaves the rows as they were.
pub fn effects(
    world: &mut World,
    who: &Who,
    this: &RowRef,
    inputs: &Inputs,
    steps: &[Step],
    now: i64,
) -> Performed {
    run_undone(
        world,
        who,
        now,
        Some(this.clone()),
        inputs.clone(),
        inputs,
        steps,
    )
}

fn run_undone(
    world: &mut World,
    who: &Who,
    now: i64,
    this: Option<RowRef>,
    whole: Inputs,
    given: &Inputs,
    steps: &[Step],
) -> Performed {
    let before = world.clone();
    let mut run = Run {
        world,
        who,
        now,
        this,
        inputs: whole,
        given,
        done: Performed {
            is_shaped: true,
            ..Performed::default()
        },
    };
    let result = run
        .steps(steps, &mut Vec::new())
        .and_then(|()| run.settled());
    let mut done = run.done;
    if let Err(refusal) = result {
        done.refusal = Some(refusal);
        *world = before;
    }
    done
}

fn with_defaults(fields: &[InputField], given: Option<&Value>) -> Value {
    let mut members = match given {
        Some(Value::Object(members)) => members.clone(),
        _ => BTreeMap::new(),
    };
    for field in fields {
        let inner = members.get(&field.name);
        let value = match (&field.kind, &field.default, inner) {
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
    inputs: Inputs,
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
            course.map_err(|refusal| otherwise(step, refusal))?;
            at.pop();
        }
        Ok(())
    }

    /// The value, and whether it hangs on what nobody could read.
    fn told(&mut self, expression: &Expression, this: Option<&RowRef>) -> (Value, bool) {
        let mut unsure = false;
        expression.walk(&mut |part| {
            if let ExpressionKind::Binding(binding) = part.kind {
                unsure |= self.done.open.contains_key(&binding);
                unsure |= self.done.open_counts.contains(&binding);
            }
        });
        let judge = Judge {
            inputs: &self.inputs,
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

    fn one(&mut self, step: &Step, at: &mut Vec<usize>) -> Stepped<Course> {
        match &step.kind {
            StepKind::Find {
                bind,
                entity,
                filter,
                ..
            } => self.find(step, *bind, *entity, filter.as_ref()),
            StepKind::List { .. } => {
                self.list(&step.kind);
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
            } => self.upsert(*bind, *entity, (key, set), true),
            StepKind::GetOrCreate {
                bind,
                entity,
                key,
                set,
                ..
            } => self.upsert(*bind, *entity, (key, set), false),
            StepKind::Update { row, set, password } => {
                let row = self.row(row, step)?;
                let body = self.body(set);
                self.change(&row, &body)?;
                if let Some(password) = password {
                    self.set_password(&row, password);
                }
                Ok(Course::Done)
            }
            StepKind::Increment { row, field, by } => {
                let row = self.row(row, step)?;
                let by = self.value(by);
                let sum = super::write::increased(&self.world.value(&row, *field), &by);
                self.change(&row, &Body(vec![(*field, Given::Value(sum))]))?;
                Ok(Course::Done)
            }
            StepKind::Delete { row } => {
                let row = self.row(row, step)?;
                let going = super::deletion(self.world, &row)
                    .map_err(|rule| Refusal::new(409, "in-use", rule))?;
                going.apply(self.world, self.now);
                Ok(Course::Done)
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

    /// Rows that are there and, for whoever is signed in, of their tenant.
    fn rows(&self, entity: EntityId) -> Vec<RowRef> {
        let model = self.world.model();
        let account = model.account.as_ref().map(|one| model.entity(one.entity));
        let tenants = account.and_then(|account| account.tenant).is_some();
        let own = self
            .who
            .account
            .as_ref()
            .filter(|_| tenants)
            .map(|caller| self.world.tenant(caller));
        let definition = model.entity(entity);
        let has_one = definition.tenant.is_some() || model.tenant == Some(entity);
        let rows = self.world.of(entity);
        match own.filter(|_| has_one) {
            Some(own) => rows.filter(|row| self.world.tenant(row) == own).collect(),
            None => rows.collect(),
        }
    }

    fn find(
        &mut self,
        step: &Step,
        bind: BindingId,
        entity: EntityId,
        filter: Option<&Expression>,
    ) -> Stepped<Course> {
        let (mut found, unknown) = self.matching(entity, filter);
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
    ) -> (Vec<RowRef>, Vec<RowRef>) {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for row in self.rows(entity) {
            let (holds, hangs) = match filter {
                Some(filter) => {
                    let (value, hangs) = self.told(filter, Some(&row));
                    (value == Value::Bool(true), hangs)
                }
                None => (true, false),
            };
            match (hangs, holds) {
                (true, _) => unknown.push(row),
                (false, true) => found.push(row),
                (false, false) => {}
            }
        }
        (found, unknown)
    }

    fn list(&mut self, kind: &StepKind) {
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
        let (mut rows, unknown) = self.matching(*entity, filter.as_ref());
        rows.sort_by(|left, right| self.ordered(sort, left, right));
        let most = i64::from(self.world.model().api.page_max);
        let mut number = |expression: &Option<Expression>, usual: i64| {
            let value = expression.as_ref().map(|one| self.value(one));
            match value {
                Some(Value::Int(value)) => usize::try_from(value).unwrap_or(0),
                _ => usual as usize,
            }
        };
        let (limit, offset) = (number(limit, most), number(offset, 0));
        let judge = Judge {
            inputs: &self.inputs,
            bindings: &self.done.bindings,
            ..Judge::new(self.world, self.who, self.now)
        };
        let is_closed = !self.world.is_hidden(*entity)
            || filter.as_ref().is_some_and(|filter| closes(&judge, filter));
        if let Some((bind, _)) = count {
            self.bind(*bind, Value::Int(rows.len() as i64));
        }
        if !is_closed || !unknown.is_empty() {
            let others = self.rows(*entity).into_iter();
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
        !within(self.given) && !within(&self.inputs)
    }

    fn create(&mut self, bind: BindingId, entity: EntityId, body: &Body) -> Stepped<RowRef> {
        let row = RowRef {
            entity,
            id: self.world.numbered(),
        };
        let new = new_row(self.world, &row, self.who, body, self.now);
        self.world.insert(&row, new);
        self.kept(&row)?;
        self.done.created.push(row.clone());
        self.bind(bind, Value::Row(row.clone()));
        Ok(row)
    }

    /// A text of the body.
    fn text(&self, path: &[String]) -> Option<String> {
        let mut inputs = self.inputs.iter();
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
        self.kept(row)
    }

    /// What the database itself refuses.
    fn kept(&self, row: &RowRef) -> Stepped<()> {
        let mut refusals = missing(self.world, row);
        let taken = unique_faults(self.world, row);
        let is_one = taken.len() == 1;
        refusals.extend(taken);
        match refusals.into_iter().next() {
            Some(refusal) if is_one || refusal.code != "unique" => Err(refusal),
            // Which of several keys is told is the database's choice.
            Some(refusal) => Err(Refusal {
                pointers: Vec::new(),
                ..refusal
            }),
            None => Ok(()),
        }
    }

    /// Checks are judged when all is done.
    fn settled(&mut self) -> Stepped<()> {
        let judge = Judge::new(self.world, self.who, self.now);
        let mut rows = self.done.touched.iter();
        let broken = rows.find_map(|row| match self.world.is_there(row) {
            true => broken(&judge, row).into_iter().next(),
            false => None,
        });
        broken.map_or(Ok(()), Err)
    }

    fn upsert(
        &mut self,
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
        let mut rows = self.rows(entity).into_iter();
        match rows.find(|row| fits(self.world, row)) {
            Some(row) => {
                if changes {
                    let body = self.body(set);
                    self.change(&row, &body)?;
                }
                self.bind(bind, Value::Row(row));
                Ok(Course::Done)
            }
            None => {
                for (field, given) in self.body(set).0 {
                    body.set(field, given);
                }
                self.create(bind, entity, &body)?;
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
        let (from, row) = (self.row(from, step)?, self.row(row, step)?);
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
            None => Ok(()),
        }
    }
}

fn refused(step: &Step) -> Refusal {
    let status = match step.otherwise {
        Otherwise::Status(status) => status,
        Otherwise::Null => 404,
    };
    Refusal::new(status, status_code(status), "a step that can't be done")
}

/// What the database refuses is told as the step wants it.
fn otherwise(step: &Step, refusal: Refusal) -> Refusal {
    match step.otherwise {
        Otherwise::Status(wanted) if refusal.status == 409 && wanted != 409 => Refusal {
            status: wanted,
            code: status_code(wanted),
            ..refusal
        },
        _ => refusal,
    }
}
