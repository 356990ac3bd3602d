//! Shows rows as JSON: the one place that reads columns, used by reads and by the replies of writes.

mod bind;
mod compile;
mod rows;
mod shape;
mod write;

pub(crate) use bind::{Bindings, canonical_date, canonical_uuid, id_value};
pub(crate) use compile::{Builder, ChildKind, Form, Query, Target, admit, unsupported};
pub(crate) use rows::{Rows, run};
pub(crate) use shape::{Shaping, Tree, parse_expand, parse_fields};
pub(crate) use write::{write_display, write_text};

use crate::{Context, Failure, Shared};
use archwright_plan::Plan;
use archwright_plan::model::EntityId;
use archwright_sql::{Classes, Unsupported};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// More shapes than this are made anew for each request, so that nobody can fill the memory with odd queries.
const KEPT_QUERIES: usize = 512;

/// Queries that were printed before, by what they answer, for whom, and in which shape.
pub(crate) struct Compiled {
    queries: RwLock<HashMap<QueryKey, Arc<Query>>>,
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
    pub fn new(plan: &Plan) -> Result<Self, Unsupported> {
        let compiled = Self {
            queries: RwLock::new(HashMap::new()),
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
                compiled.prepare(plan, key)?;
            }
        }
        Ok(compiled)
    }

    /// The query, printed at most once.
    pub fn query(&self, plan: &Plan, key: QueryKey) -> Result<Arc<Query>, Failure> {
        if let Some(known) = self
            .queries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(known.clone());
        }
        self.prepare(plan, key)
            .map_err(|error| Failure::Internal(error.to_string()))
    }

    fn prepare(&self, plan: &Plan, key: QueryKey) -> Result<Arc<Query>, Unsupported> {
        let query = Arc::new(compile::compile(plan, &key)?);
        let mut queries = self.queries.write().unwrap_or_else(PoisonError::into_inner);
        if queries.len() < KEPT_QUERIES {
            queries.insert(key, query.clone());
        }
        Ok(query)
    }
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
    connection: &rusqlite::Connection,
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
    let rows = run(
        connection,
        &query,
        &Bindings::new(shared, context, &classes, &values),
        1,
    )?;
    Ok(rows.first().map(|json| Represented {
        json: json.to_vec(),
        version: rows.version,
    }))
}
