//! Shows rows as JSON: the one place that reads columns, used by reads and by the replies of writes.

mod bind;
mod children;
mod compile;
mod guard;
mod rows;
mod shape;
mod write;

pub(crate) use bind::{Bindings, INSTANTS, Inputs, canonical_date, canonical_uuid, id_value};
pub(crate) use compile::{
    Builder, Child, ChildKind, Form, ID_COLUMN, Query, Target, admit, admit_class, column_place,
    scalar_form, unsupported,
};
pub(crate) use guard::{GuardKey, GuardStatement, Rule, bound, holding, reading_kind};
use rows::run_one;
pub(crate) use rows::{Reading, Rows, listed, run};
pub(crate) use shape::{Shaping, Tree, parse_expand, parse_fields};
pub(crate) use write::{RESERVED, sealed_place, write_display, write_plain, write_text};

use crate::connection::Connection;
use crate::{Context, Failure, Shared};
use archwright_plan::Plan;
use archwright_plan::model::EntityId;
use archwright_sql::{Classes, Dialect, Statement, Unsupported};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// More shapes than this are made anew for each request, so that nobody can fill the memory with odd queries.
const KEPT_QUERIES: usize = 512;

/// Queries that were printed before, by what they answer, for whom, and in which shape.
pub(crate) struct Compiled {
    dialect: Dialect,
    queries: RwLock<HashMap<QueryKey, Arc<Query>>>,
    guards: RwLock<HashMap<GuardKey, Arc<GuardStatement>>>,
    lookups: RwLock<HashMap<(EntityId, Classes), Arc<Statement>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QueryKey {
    pub target: Target,
    pub classes: Classes,
    pub shaping: Shaping,
}

/// A row as a caller may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Represented {
    pub json: Vec<u8>,
    pub version: Option<i64>,
}

impl Compiled {
    /// Prints what every design needs, so that a rule without SQL stops the start and not a request.
    pub fn new(plan: &Plan, dialect: Dialect) -> Result<Self, Unsupported> {
        let compiled = Self {
            dialect,
            queries: RwLock::default(),
            guards: RwLock::default(),
            lookups: RwLock::default(),
        };
        let mut everybody = vec![Classes::anonymous(), Classes::signed_in(&plan.model, &[])];
        let roles = (0..plan.model.roles.len()).map(archwright_plan::model::RoleId);
        everybody.extend(roles.map(|role| Classes::signed_in(&plan.model, &[role])));
        for classes in everybody {
            for target in compile::standard_targets(plan) {
                let key = QueryKey {
                    target,
                    classes: classes.clone(),
                    shaping: Shaping::default(),
                };
                kept(&compiled.queries, key, |key| {
                    compile::compile(plan, dialect, key)
                })?;
            }
        }
        Ok(compiled)
    }

    /// The texts of all queries so far.
    pub fn texts(&self) -> Vec<String> {
        let queries = self.queries.read().unwrap_or_else(PoisonError::into_inner);
        queries.values().flat_map(|query| query.texts()).collect()
    }

    /// The query, printed at most once.
    pub fn query(&self, plan: &Plan, key: QueryKey) -> Result<Arc<Query>, Failure> {
        kept(&self.queries, key, |key| {
            compile::compile(plan, self.dialect, key)
        })
        .map_err(internal)
    }

    /// The judge of a rule, printed at most once.
    pub fn guard(&self, plan: &Plan, key: GuardKey) -> Result<Arc<GuardStatement>, Failure> {
        kept(&self.guards, key, |key| {
            GuardStatement::new(plan, self.dialect, key)
        })
        .map_err(internal)
    }

    /// Finds a row that such callers may refer to, by its id or natural key `Value(0)`.
    pub fn lookup(
        &self,
        plan: &Plan,
        entity: EntityId,
        classes: &Classes,
    ) -> Result<Arc<Statement>, Failure> {
        kept(
            &self.lookups,
            (entity, classes.clone()),
            |(entity, classes)| guard::lookup_statement(plan, self.dialect, *entity, classes),
        )
        .map_err(internal)
    }
}

fn internal(error: Unsupported) -> Failure {
    Failure::Internal(error.to_string())
}

/// What was made before for the key, or what `make` makes now.
fn kept<K: Eq + Hash, T>(
    all: &RwLock<HashMap<K, Arc<T>>>,
    key: K,
    make: impl FnOnce(&K) -> Result<T, Unsupported>,
) -> Result<Arc<T>, Unsupported> {
    let known = all.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(&key) {
        return Ok(known.clone());
    }
    drop(known);
    let made = Arc::new(make(&key)?);
    let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= KEPT_QUERIES {
        // What is asked for often is soon there again.
        all.clear();
    }
    all.insert(key, made.clone());
    Ok(made)
}

/// What a caller is, before any row is read.
pub(crate) fn classes(plan: &Plan, context: &Context) -> Classes {
    match &context.caller {
        Some(caller) => Classes::signed_in(&plan.model, &caller.roles),
        None => Classes::anonymous(),
    }
}

/// The row with this id, without asking whether the caller may read it; keys that the caller may not see are left
/// out. `None`: there is no such row, or it is deleted.
pub(crate) fn represent(
    connection: &Connection,
    shared: &Shared,
    entity: EntityId,
    id: &str,
    context: &Context,
    shaping: &Shaping,
) -> Result<Option<Represented>, Failure> {
    let plan = &shared.plan;
    let classes = classes(plan, context);
    let Some(id) = id_value(plan, entity, id) else {
        return Ok(None);
    };
    let key = QueryKey {
        target: Target::Row(entity),
        classes: classes.clone(),
        shaping: shaping.clone(),
    };
    let query = shared.compiled.query(plan, key)?;
    let values = [id];
    let bindings = Bindings::new(shared, context, &classes, &values);
    let rows = run_one(connection, &query, &bindings, &values[0])?;
    Ok(rows.first().map(|json| Represented {
        json: json.to_vec(),
        version: rows.version,
    }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure is the test's failure")]
mod tests {
    use super::*;
    use crate::common::{ADMIN, BOOK, ORDER, bookshop, context, uuid};
    use crate::connection::sqlite;
    use archwright_sql::Phase;

    #[test]
    fn a_row_is_represented_with_its_version_in_any_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let store = bookshop(folder.path());
        let anonymous = context(None);
        let path = folder.path().join("bookshop.sqlite");
        let connection = Connection::Sqlite(sqlite::connect(&path, sqlite::Role::Writer).unwrap());
        let show = |id: &str| {
            represent(
                &connection,
                &store.shared,
                BOOK,
                id,
                &anonymous,
                &Shaping::default(),
            )
            .unwrap()
        };
        connection
            .batch("BEGIN; UPDATE books SET stock = 42")
            .unwrap();
        let shown = show(&uuid(12)).unwrap();
        assert_eq!(shown.version, Some(3));
        assert!(
            String::from_utf8(shown.json)
                .unwrap()
                .contains("\"stock\":42")
        );
        assert_eq!(show(&uuid(99)), None);
        assert_eq!(show("no id"), None);
    }

    /// The alternatives of `orders.get` that hold: 0 is the owner's, 1 is staff's.
    fn check_holding(
        order: u32,
        who: Option<(u32, Vec<archwright_plan::model::RoleId>)>,
        expected: Option<&[usize]>,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = bookshop(folder.path());
        let operation = store
            .plan()
            .operations
            .iter()
            .position(|one| one.id == "orders.get")
            .unwrap();
        let context = context(who);
        let classes = classes(store.plan(), &context);
        let bindings = Bindings::new(&store.shared, &context, &classes, &[]);
        let id = id_value(store.plan(), ORDER, &uuid(order)).unwrap();
        let held = store.readers.with(|connection| {
            holding(
                connection,
                Rule::Operation(operation),
                Phase::Before,
                &id,
                &bindings,
            )
        });
        assert_eq!(held.unwrap().as_deref(), expected);
    }

    #[test]
    fn alternatives_hold_by_class_and_by_row() {
        check_holding(21, Some((1, vec![])), Some(&[0]));
        check_holding(21, Some((1, vec![ADMIN])), Some(&[0, 1]));
        check_holding(23, Some((1, vec![ADMIN])), Some(&[1]));
        check_holding(23, Some((1, vec![])), Some(&[]));
        check_holding(23, None, Some(&[]));
        // Deleted, and never there.
        check_holding(24, Some((1, vec![ADMIN])), None);
        check_holding(99, Some((1, vec![ADMIN])), None);
    }
}
