//! What every write of a design needs, printed once at the start.

use super::checks::Watches;
use super::scalar::Patterns;
use crate::connection::Value;
use crate::represent::unsupported;
use archwright_plan::model::{EntityId, ExpressionKind, FieldId, FieldKind, Move, OnDelete};
use archwright_plan::{ColumnSource, Plan};
use archwright_sql::{Dialect, Parameter, Printer, Row, Scope, Statement, Unsupported};
use std::collections::BTreeMap;

pub(crate) struct Writes {
    pub patterns: Patterns,
    /// By the entity's position.
    pub entities: Vec<EntityWrites>,
    pub moves: BTreeMap<(EntityId, usize), MoveStatements>,
    pub watches: Watches,
    /// The id of the caller's tenant.
    pub tenant: Option<Statement>,
}

pub(crate) struct EntityWrites {
    /// Binds every column of the table in order.
    pub insert: String,
    /// Finds id and version by what requests name rows by.
    pub find: String,
    pub defaults: Vec<(FieldId, DefaultValue)>,
    /// To-one fields that lead to rows of this entity.
    pub referrers: Vec<(FieldId, OnDelete)>,
    pub created_at: Option<FieldId>,
    pub updated_at: Option<FieldId>,
}

pub(crate) enum DefaultValue {
    Fixed(Value),
    Computed(Statement),
}

pub(crate) struct MoveStatements {
    /// 1 where the move's condition holds on the row.
    pub when: Option<Statement>,
    /// The values to set, on the row as it was.
    pub set: Option<Statement>,
}

impl Writes {
    pub fn new(plan: &Plan, dialect: Dialect) -> Result<Self, Unsupported> {
        let patterns = Patterns::of(&plan.model).map_err(|error| Unsupported {
            what: format!("a pattern ({error})"),
            span: None,
        })?;
        let mut entities = Vec::new();
        let mut moves = BTreeMap::new();
        for entity in &plan.model.entities {
            entities.push(EntityWrites::new(plan, dialect, entity.id)?);
            let machine = entity.state.iter().flat_map(|machine| &machine.moves);
            for (index, one) in machine.enumerate() {
                let statements = MoveStatements::new(plan, dialect, entity.id, one)?;
                moves.insert((entity.id, index), statements);
            }
        }
        Ok(Self {
            patterns,
            entities,
            moves,
            watches: Watches::new(plan, dialect)?,
            tenant: tenant(plan, dialect)?,
        })
    }

    /// What moves and checks ask, and what defaults are worth.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        let moves = self.moves.values();
        let moves = moves.flat_map(|one| one.when.iter().chain(&one.set));
        let defaults = self.entities.iter().flat_map(|entity| &entity.defaults);
        let defaults = defaults.filter_map(|(_, default)| match default {
            DefaultValue::Fixed(_) => None,
            DefaultValue::Computed(statement) => Some(statement),
        });
        moves.chain(defaults).chain(self.watches.statements())
    }

    pub fn of(&self, entity: EntityId) -> &EntityWrites {
        &self.entities[entity.0]
    }
}

impl EntityWrites {
    fn new(plan: &Plan, dialect: Dialect, id: EntityId) -> Result<Self, Unsupported> {
        let (entity, table) = (plan.model.entity(id), plan.table(id));
        let quoted = |name: &str| dialect.identifier(name);
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| quoted(&column.name))
            .collect();
        let columns = table.columns.iter().enumerate();
        let marks: Vec<String> = columns
            .map(|(index, column)| dialect.place(index + 1, column.ty))
            .collect();
        let insert = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(&table.name),
            names.join(", "),
            marks.join(", ")
        );
        let version = match table.column_from(ColumnSource::Version) {
            Some(column) => format!("t.{}", quoted(&column.name)),
            None => "NULL".to_owned(),
        };
        let printer = Printer::new(plan, dialect);
        let address = match entity.key {
            Some(key) => table.column_from(ColumnSource::Field(key)),
            None => table.column_from(ColumnSource::Id),
        };
        let address = address.ok_or_else(|| unsupported("rows that nothing names"))?;
        let find = format!(
            "SELECT t.\"id\", {version} FROM {} t WHERE t.{} = {}{}",
            quoted(&table.name),
            quoted(&address.name),
            dialect.place(1, address.ty),
            printer.active(id, "t")
        );
        let stamp = |name: &str| {
            let field = entity.field_named(name).filter(|_| entity.timestamps);
            field.map(|field| field.id)
        };
        Ok(Self {
            insert,
            find,
            defaults: defaults(plan, dialect, id)?,
            referrers: referrers(plan, id),
            created_at: stamp("created_at"),
            updated_at: stamp("updated_at"),
        })
    }
}

fn defaults(
    plan: &Plan,
    dialect: Dialect,
    id: EntityId,
) -> Result<Vec<(FieldId, DefaultValue)>, Unsupported> {
    let entity = plan.model.entity(id);
    let mut defaults = Vec::new();
    for field in &entity.fields {
        let Some(default) = &field.default else {
            continue;
        };
        let value = match (&default.kind, field.scalar()) {
            (ExpressionKind::Literal(literal), Some(scalar)) => {
                DefaultValue::Fixed(super::value::of_literal(literal, scalar))
            }
            _ => {
                let mut printer = Printer::new(plan, dialect);
                let value = printer.assigned(default, field.id, &Scope::default())?;
                DefaultValue::Computed(printer.finish(format!("SELECT {value}")))
            }
        };
        defaults.push((field.id, value));
    }
    // A state machine starts somewhere, also where the design gives its field no default.
    if let Some(machine) = &entity.state
        && !defaults.iter().any(|(field, _)| *field == machine.field)
    {
        let initial = Value::Text(machine.initial.clone());
        defaults.push((machine.field, DefaultValue::Fixed(initial)));
    }
    Ok(defaults)
}

fn referrers(plan: &Plan, target: EntityId) -> Vec<(FieldId, OnDelete)> {
    let fields = plan.model.entities.iter().flat_map(|entity| &entity.fields);
    fields
        .filter_map(|field| match &field.kind {
            FieldKind::ToOne(relation) if relation.target == target => {
                Some((field.id, relation.on_delete))
            }
            _ => None,
        })
        .collect()
}

impl MoveStatements {
    fn new(
        plan: &Plan,
        dialect: Dialect,
        entity: EntityId,
        one: &Move,
    ) -> Result<Self, Unsupported> {
        let scope = Scope::alias(entity, "t");
        let on_row = |printer: Printer<'_>, columns: &[String], row: String| {
            let table = dialect.identifier(&plan.table(entity).name);
            printer.finish(format!(
                "SELECT {} FROM {table} t WHERE t.\"id\" = {row}",
                columns.join(", ")
            ))
        };
        let when = match &one.when {
            None => None,
            Some(when) => {
                let mut printer = Printer::new(plan, dialect);
                let condition = printer.condition(when, &scope)?;
                let row = printer.parameter(Parameter::RowId)?;
                Some(on_row(printer, &[condition], row))
            }
        };
        let set = match one.set.is_empty() {
            true => None,
            false => {
                let mut printer = Printer::new(plan, dialect);
                let mut values = Vec::new();
                for (field, value) in &one.set {
                    values.push(printer.assigned(value, *field, &scope)?);
                }
                let row = printer.parameter(Parameter::RowId)?;
                Some(on_row(printer, &values, row))
            }
        };
        Ok(Self { when, set })
    }
}

fn tenant(plan: &Plan, dialect: Dialect) -> Result<Option<Statement>, Unsupported> {
    let Some(account) = &plan.model.account else {
        return Ok(None);
    };
    let Some(field) = plan.model.entity(account.entity).tenant else {
        return Ok(None);
    };
    let mut printer = Printer::new(plan, dialect);
    let id = printer.parameter(Parameter::CallerId)?;
    let entity = account.entity;
    let tenant = printer.column(&Row::Key { entity, id }, ColumnSource::Field(field))?;
    Ok(Some(printer.finish(format!("SELECT {tenant}"))))
}
