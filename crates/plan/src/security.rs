//! Row-level security: the access rules once more, as far as a database can judge rows by itself.

mod conditions;

use crate::guards::{own_account, tenancy};
use crate::text::cel;
use crate::{
    Alternative, CallerClass, ColumnSource, InputKind, Operation, OperationKind, Permit, Resource,
    RowSecurity, Table, TablePurpose, TableSecurity, Transition,
};
use archwright_model::{Entity, Expression, Field, FieldId, Model, OnDelete, ScalarType};
use conditions::{Conditions, and};

/// The policies of every table with rows of the design, where it asks for them.
pub fn row_security(
    model: &Model,
    tables: &[Table],
    resources: &[Resource],
    operations: &[Operation],
) -> Option<RowSecurity> {
    if !model.stack.rls {
        return None;
    }
    let design = Design {
        model,
        resources,
        operations,
        conditions: Conditions { model },
    };
    let tables = tables.iter().enumerate();
    let tables = tables.filter_map(|(index, table)| match table.purpose {
        TablePurpose::Entity(entity) => Some(design.entity(index, table, model.entity(entity))),
        TablePurpose::Link(field) => Some(design.link(index, field)),
        TablePurpose::System(_) => None,
    });
    Some(RowSecurity {
        tables: tables.collect(),
    })
}

struct Design<'a> {
    model: &'a Model,
    resources: &'a [Resource],
    operations: &'a [Operation],
    conditions: Conditions<'a>,
}

impl Design<'_> {
    fn entity(&self, table: usize, definition: &Table, entity: &Entity) -> TableSecurity {
        if entity.part_of.is_some() {
            return self.part(table, definition, entity);
        }
        let without_rows = |part: &Expression| self.conditions.without_rows(part);
        // Rows that go first take the references to them along.
        let unset = entity.fields.iter().filter(|field| {
            let relation = field.to_one();
            relation.is_some_and(|one| one.on_delete == OnDelete::SetNull)
        });
        let unset: Vec<FieldId> = unset.map(|field| field.id).collect();
        let until_deleted = |part: &Expression| {
            self.conditions.of_the_row_alone(part) && !self.conditions.reads(part, &unset)
        };
        let changes = [Kind::Update, Kind::Move, Kind::File];
        let delete = match entity.soft_delete {
            // A deleted row is marked, which is no business of the role that changes rows.
            true => Vec::new(),
            false => self.permits(entity, &[Kind::Delete], &until_deleted),
        };
        TableSecurity {
            table,
            subject: entity.id,
            path: Vec::new(),
            read: self.readers(entity),
            create: self.permits(entity, &[Kind::Create], &without_rows),
            change: self.permits(entity, &changes, &|_| true),
            delete,
            columns: self.columns(definition, entity),
            tenancy: tenancy(self.model, entity.id),
            reason: match entity.soft_delete && !entity.access.delete.is_empty() {
                true => "The rules of its operations. Rows are marked as deleted by the owner of the table.",
                false => "The rules of its operations.",
            }
            .to_owned(),
        }
    }

    /// Written after its whole within one request, so what such a request may change of the whole says nothing.
    fn part(&self, table: usize, definition: &Table, part: &Entity) -> TableSecurity {
        let (path, whole) = self.way_up(part);
        let write = self.lasting(whole, &self.by_kind(whole, &[Kind::Update]));
        TableSecurity {
            table,
            subject: whole.id,
            path,
            read: self.readers(whole),
            create: write.clone(),
            change: write.clone(),
            delete: match part.soft_delete {
                true => Vec::new(),
                false => write,
            },
            columns: self.columns(definition, part),
            tenancy: tenancy(self.model, part.id),
            reason: format!(
                "Rows are known and written like their {}. The parts of a new {} are written by the owner of the table.",
                whole.name, whole.name
            ),
        }
    }

    fn link(&self, table: usize, field: FieldId) -> TableSecurity {
        let near = self.model.entity(field.entity);
        let (path, subject) = self.way_up(near);
        let kinds = match near.part_of {
            Some(_) => vec![Kind::Update],
            None => vec![Kind::Link(field)],
        };
        let write = self.lasting(subject, &self.by_kind(subject, &kinds));
        TableSecurity {
            table,
            subject: subject.id,
            path,
            read: self.readers(subject),
            create: write.clone(),
            change: Vec::new(),
            delete: write,
            columns: Vec::new(),
            tenancy: None,
            reason: format!(
                "Pairs are known to whoever knows both rows, and written like the {} to rows that the caller knows.",
                near.name
            ),
        }
    }

    /// The to-one fields that lead from a part to what it is a part of, however far up.
    fn way_up<'a>(&'a self, entity: &'a Entity) -> (Vec<FieldId>, &'a Entity) {
        let (mut path, mut whole) = (Vec::new(), entity);
        while let Some(part) = whole.part_of {
            path.push(part.back);
            whole = self.model.entity(part.whole);
        }
        (path, whole)
    }

    /// Whoever may get or list a row; an account knows its own.
    fn readers(&self, entity: &Entity) -> Vec<Permit> {
        let mut permits = self.permits(entity, &[Kind::Read], &|_| true);
        let account = self.model.account.as_ref();
        if account.is_some_and(|account| account.entity == entity.id) {
            let own = own_account(self.model, entity.id);
            permits.extend(self.permit("auth.me", &own, None, None, &|_| true));
        }
        self.merged(permits)
    }

    fn by_kind(&self, entity: &Entity, kinds: &[Kind]) -> Vec<&Operation> {
        let operations = self.operations.iter();
        operations
            .filter(|one| one.entity == Some(entity.id))
            .filter(|one| kinds.contains(&Kind::of(&one.kind)))
            .collect()
    }

    /// What allows operations of these kinds, with the conditions that the database can judge when it has to.
    fn permits(&self, entity: &Entity, kinds: &[Kind], timely: &Timely<'_>) -> Vec<Permit> {
        let mut permits = Vec::new();
        for operation in self.by_kind(entity, kinds) {
            let one = match operation.kind {
                OperationKind::Move(index) => {
                    let machine = entity.state.as_ref();
                    machine.and_then(|machine| machine.moves.get(index))
                }
                _ => None,
            };
            let transition = one.map(|one| Transition {
                from: one.from.clone(),
                to: one.to.clone(),
            });
            for alternative in &operation.guard {
                let when = one.and_then(|one| one.when.as_ref());
                permits.extend(self.permit(
                    &operation.id,
                    alternative,
                    when,
                    transition.clone(),
                    timely,
                ));
            }
        }
        self.merged(permits)
    }

    fn permit(
        &self,
        operation: &str,
        alternative: &Alternative,
        further: Option<&Expression>,
        transition: Option<Transition>,
        timely: &Timely<'_>,
    ) -> Option<Permit> {
        let conditions = &self.conditions;
        let mut left_out = Vec::new();
        let mut kept = |condition: Option<&Expression>, timely: &Timely<'_>| {
            let parts = condition.into_iter().flat_map(|one| conditions.parts(one));
            let (kept, left) =
                parts.partition::<Vec<_>, _>(|part| conditions.is_sayable(part) && timely(part));
            left_out.extend(left);
            kept.into_iter().reduce(and)
        };
        let when = kept(alternative.when.as_ref(), timely);
        let further = kept(further, timely);
        // Judged before parts, links and other rows are written.
        let after = kept(alternative.after.as_ref(), &|part| {
            conditions.of_the_row_alone(part)
        });
        Some(Permit {
            operations: vec![operation.to_owned()],
            caller: alternative.caller,
            owner: alternative.owner,
            when: when.into_iter().chain(further).reduce(and),
            transition,
            after,
            left_out,
        })
    }

    /// The permits of operations, by what holds before and after them.
    fn lasting(&self, entity: &Entity, operations: &[&Operation]) -> Vec<Permit> {
        let resource = &self.resources[entity.id.0];
        let given = resource.update.iter().map(|input| input.field);
        let derived = entity.fields.iter().filter_map(|field| {
            let follows = field.slug_from.is_some() && !field.immutable;
            follows.then_some(field.id)
        });
        let mut changing: Vec<FieldId> = given.chain(derived).collect();
        changing.extend(stamp(entity, "updated_at"));
        let timely = |part: &Expression| {
            self.conditions.of_the_row_alone(part) && !self.conditions.reads(part, &changing)
        };
        let mut permits = Vec::new();
        for operation in operations {
            for alternative in &operation.guard {
                let before = Alternative {
                    after: None,
                    ..alternative.clone()
                };
                permits.extend(self.permit(&operation.id, &before, None, None, &timely));
            }
        }
        self.merged(permits)
    }

    /// Each way once, with all operations that go it.
    fn merged(&self, permits: Vec<Permit>) -> Vec<Permit> {
        let mut merged: Vec<Permit> = Vec::new();
        for permit in permits {
            let known = merged.iter_mut().find(|known| self.same(known, &permit));
            match known {
                Some(known) => {
                    for operation in permit.operations {
                        if !known.operations.contains(&operation) {
                            known.operations.push(operation);
                        }
                    }
                }
                None => merged.push(permit),
            }
        }
        merged
    }

    fn same(&self, left: &Permit, right: &Permit) -> bool {
        let text = |condition: &Option<Expression>| {
            let condition = condition.as_ref();
            condition.map(|condition| cel(self.model, condition))
        };
        let texts = |permit: &Permit| {
            let left_out = permit.left_out.iter();
            let left_out: Vec<String> = left_out.map(|one| cel(self.model, one)).collect();
            (text(&permit.when), text(&permit.after), left_out)
        };
        (left.caller, left.owner, &left.transition)
            == (right.caller, right.owner, &right.transition)
            && texts(left) == texts(right)
    }

    /// The columns that some change of a row sets.
    fn columns(&self, table: &Table, entity: &Entity) -> Vec<String> {
        let resource = &self.resources[entity.id.0];
        let is_given = |field: FieldId| {
            let mut given = resource.update.iter();
            given.any(|input| {
                input.field == field
                    && matches!(input.kind, InputKind::Scalar | InputKind::Reference(_))
            })
        };
        let machine = entity.state.as_ref();
        let is_moved = |field: FieldId| {
            machine.is_some_and(|machine| {
                machine.field == field
                    || machine
                        .moves
                        .iter()
                        .any(|one| one.set.iter().any(|(known, _)| *known == field))
            })
        };
        let is_uploaded = |field: &Field| {
            let is_file = matches!(field.scalar(), Some(ScalarType::File { .. }));
            is_file && !field.read_only
        };
        let changes = |id: FieldId| {
            let field = self.model.field(id);
            is_given(id)
                || is_moved(id)
                || is_uploaded(field)
                || (field.slug_from.is_some() && !field.immutable)
                || stamp(entity, "updated_at") == Some(id)
        };
        let columns = table.columns.iter().filter(|column| match column.source {
            ColumnSource::Field(field) | ColumnSource::BlindIndex(field) => changes(field),
            ColumnSource::Version | ColumnSource::Position => true,
            _ => false,
        });
        columns.map(|column| column.name.clone()).collect()
    }
}

/// Whether the rows that a part of a condition reads are as they were when the server judged it.
type Timely<'t> = dyn Fn(&Expression) -> bool + 't;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Read,
    Create,
    Update,
    Delete,
    Move,
    File,
    Link(FieldId),
    Other,
}

impl Kind {
    fn of(kind: &OperationKind) -> Self {
        match kind {
            OperationKind::Get | OperationKind::List => Self::Read,
            OperationKind::Create => Self::Create,
            OperationKind::Update => Self::Update,
            OperationKind::Delete => Self::Delete,
            OperationKind::Move(_) => Self::Move,
            OperationKind::Upload(_) | OperationKind::RemoveFile(_) => Self::File,
            OperationKind::Link(field) | OperationKind::Unlink(field) => Self::Link(*field),
            _ => Self::Other,
        }
    }
}

fn stamp(entity: &Entity, name: &str) -> Option<FieldId> {
    let field = entity.field_named(name).filter(|_| entity.timestamps);
    field.map(|field| field.id)
}

impl RowSecurity {
    pub fn of(&self, table: usize) -> Option<&TableSecurity> {
        self.tables.iter().find(|one| one.table == table)
    }
}

impl TableSecurity {
    /// The permits by what they are for, in the order in which they are printed.
    pub fn commands(&self) -> [(&'static str, &[Permit]); 4] {
        [
            ("read", &self.read),
            ("create", &self.create),
            ("change", &self.change),
            ("delete", &self.delete),
        ]
    }
}

impl Permit {
    /// For everybody and every row.
    pub fn is_open(&self) -> bool {
        self.caller == CallerClass::Anyone
            && self.when.is_none()
            && self.after.is_none()
            && self.transition.is_none()
    }
}
