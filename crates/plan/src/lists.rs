//! What lists can be filtered and sorted by, and the indexes that serve it.

use crate::{Filter, FilterOperator, Index, ListOptions, Sort, Table, TablePurpose};
use archwright_model::naming::{column_name, lookup_column};
use archwright_model::{
    Direction, Entity, Field, FieldId, FieldKind, Model, Origin, ScalarType, ToManyKind,
};

/// The options of an entity's list. Adds the indexes that they need to the tables, once each.
pub fn list_options(model: &Model, entity: &Entity, tables: &mut [Table]) -> ListOptions {
    let operation = format!("{}.list", entity.plural);
    let mut options = ListOptions {
        filters: Vec::new(),
        not_filterable: Vec::new(),
        sorts: Vec::new(),
        not_sortable: Vec::new(),
        search: entity.fields.iter().any(|field| field.search),
        page_default: model.api.page_default,
        page_max: model.api.page_max,
    };
    for field in &entity.fields {
        match filter(model, entity, field, tables, &operation) {
            Some(Ok(filter)) => options.filters.push(filter),
            Some(Err(reason)) => options
                .not_filterable
                .push((model.json_name(field.id), reason)),
            None => {}
        }
        match sort(entity, field, tables, &operation) {
            Some(Ok(sort)) => options.sorts.push(sort),
            Some(Err(reason)) => options.not_sortable.push((field.name.clone(), reason)),
            None => {}
        }
    }
    options
}

type Offer<T> = Option<Result<T, String>>;

/// Why neither a filter nor a sort may be offered on a field that some may not see.
const GUESSABLE: &str =
    "Not everyone may see it, and a filter or an order would let them guess it.";

fn filter(
    model: &Model,
    entity: &Entity,
    field: &Field,
    tables: &mut [Table],
    operation: &str,
) -> Offer<Filter> {
    if field.write_only {
        return None;
    }
    if let FieldKind::ToMany(relation) = &field.kind {
        return linked_filter(model, field, &relation.kind, tables, operation).map(Ok);
    }
    if field.visible.is_some() {
        return Some(Err(GUESSABLE.into()));
    }
    let Some(column) = lookup_column(field) else {
        return Some(Err(
            "It is computed when the row is read, so no index holds it.".into(),
        ));
    };
    if is_unasked(entity, field) {
        return Some(Err(UNASKED.into()));
    }
    if !entity.is_filtered_by(field) {
        return Some(Err(
            "No index serves it; add `filter` to the field where clients need it.".into(),
        ));
    }
    let reason = match field.kind {
        FieldKind::ToOne(_) => {
            "Rows are looked up by what they refer to, and its deletion checks for them."
        }
        _ => "Lists are filtered by it.",
    };
    let index = need_index(tables, entity, &column, operation, reason);
    let name = model.json_name(field.id);
    Some(Ok(Filter {
        name,
        field: field.id,
        operators: operators(field),
        index,
    }))
}

/// Each write of a row changes `updated_at`, so an index on it is dear, and is made only where the design names it.
fn is_unasked(entity: &Entity, field: &Field) -> bool {
    field.origin == Origin::Implied
        && field.name == "updated_at"
        && !entity
            .indexes
            .iter()
            .any(|fields| fields.first() == Some(&field.id))
}

const UNASKED: &str =
    "Each write would change its index; name it in `index` where clients need it.";

fn linked_filter(
    model: &Model,
    field: &Field,
    kind: &ToManyKind,
    tables: &mut [Table],
    operation: &str,
) -> Option<Filter> {
    let ToManyKind::Linked { canonical, .. } = kind else {
        return None;
    };
    if field.visible.is_some() || model.field(*canonical).visible.is_some() {
        return None;
    }
    let mut purposes = tables.iter().map(|table| table.purpose);
    let table = purposes.position(|purpose| purpose == TablePurpose::Link(*canonical))?;
    let index = if *canonical == field.id {
        link_index(tables, table, operation)
    } else {
        "primary key".to_owned()
    };
    Some(Filter {
        name: field.name.clone(),
        field: field.id,
        operators: vec![FilterOperator::Equal],
        index,
    })
}

/// The way back through a link table, whose primary key serves the way there.
fn link_index(tables: &mut [Table], at: usize, operation: &str) -> String {
    let ascending = |column: &String| (column.clone(), Direction::Ascending);
    let columns: Vec<_> = tables[at].primary_key.iter().rev().map(ascending).collect();
    let reason = "The primary key serves one direction of the relation; this serves the other.";
    let index = Index {
        name: format!("index_{}_{}", tables[at].name, columns[0].0),
        columns,
        active_only: false,
        operations: vec![operation.into()],
        reason: reason.into(),
    };
    add_index(tables, at, index)
}

fn operators(field: &Field) -> Vec<FilterOperator> {
    use FilterOperator::{Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, NotEqual, Null};
    let mut operators = match field.scalar() {
        _ if field.sensitive => vec![Equal],
        None => vec![Equal, In],
        Some(ScalarType::Bool) => vec![Equal],
        Some(
            ScalarType::Int
            | ScalarType::BigInt
            | ScalarType::Decimal { .. }
            | ScalarType::Date
            | ScalarType::DateTime,
        ) => {
            vec![
                Equal,
                NotEqual,
                Less,
                LessOrEqual,
                Greater,
                GreaterOrEqual,
                In,
            ]
        }
        Some(_) => vec![Equal, NotEqual, In],
    };
    if field.optional {
        operators.push(Null);
    }
    operators
}

fn sort(entity: &Entity, field: &Field, tables: &mut [Table], operation: &str) -> Offer<Sort> {
    let scalar = field.scalar()?;
    if field.write_only || matches!(scalar, ScalarType::Json | ScalarType::File { .. }) {
        return None;
    }
    if field.visible.is_some() {
        return Some(Err(GUESSABLE.into()));
    }
    if field.sensitive {
        return Some(Err("It is encrypted, and ciphertext has no order.".into()));
    }
    let Some(column) = column_name(field) else {
        return Some(Err(
            "It is computed when the row is read, so no index holds it.".into(),
        ));
    };
    if is_unasked(entity, field) {
        return Some(Err(UNASKED.into()));
    }
    if !field.sort {
        return Some(Err(
            "No index serves it; add `sort` to the field where clients need it.".into(),
        ));
    }
    let index = need_index(
        tables,
        entity,
        &column,
        operation,
        "Lists are sorted by it.",
    );
    Some(Ok(Sort {
        name: field.name.clone(),
        field: field.id,
        index,
    }))
}

/// An index that starts with the column, then the id so that it serves keyset paging too; or the unique key over the
/// column alone, which finds the one row as well.
fn need_index(
    tables: &mut [Table],
    entity: &Entity,
    column: &str,
    operation: &str,
    reason: &str,
) -> String {
    let table = &tables[entity.id.0];
    if let Some(key) = table.unique.iter().find(|key| key.columns == [column]) {
        return key.name.clone();
    }
    let index = Index {
        name: format!("index_{}_{column}", table.name),
        columns: vec![
            (column.to_owned(), Direction::Ascending),
            ("id".to_owned(), Direction::Ascending),
        ],
        active_only: entity.soft_delete,
        operations: vec![operation.into()],
        reason: reason.into(),
    };
    add_index(tables, entity.id.0, index)
}

/// Adds the index, or the operations and the reason to the one that is there.
fn add_index(tables: &mut [Table], at: usize, mut index: Index) -> String {
    let mut indexes = tables[at].indexes.iter_mut();
    if let Some(known) = indexes.find(|known| beside_id(known) == beside_id(&index)) {
        for operation in index.operations {
            if !known.operations.contains(&operation) {
                known.operations.push(operation);
            }
        }
        if !known.reason.contains(&index.reason) {
            known.reason = format!("{} {}", known.reason, index.reason);
        }
        return known.name.clone();
    }
    index.name = free_name(tables, index.name);
    let name = index.name.clone();
    tables[at].indexes.push(index);
    name
}

/// What an index is made for: the id behind the columns only makes their order complete.
fn beside_id(index: &Index) -> &[(String, Direction)] {
    match &index.columns[..] {
        [columns @ .., (last, _)] if !columns.is_empty() && last == "id" => columns,
        columns => columns,
    }
}

/// The name, or it with a number where joined words gave it to something else: in both databases, the names of tables
/// and indexes are one scope.
fn free_name(tables: &[Table], name: String) -> String {
    let taken = |name: &str| {
        tables.iter().any(|table| {
            table.name == name
                || table.indexes.iter().any(|index| index.name == name)
                || table.unique.iter().any(|key| key.name == name)
        })
    };
    let mut free = name.clone();
    for number in 2.. {
        if !taken(&free) {
            break;
        }
        free = format!("{name}_{number}");
    }
    free
}

/// Indexes that no list asks for: foreign keys, and those of the design.
pub fn other_indexes(model: &Model, tables: &mut [Table]) {
    for entity in &model.entities {
        let at = entity.id.0;
        let to_one = |field: &&Field| field.to_one().is_some();
        for column in entity.fields.iter().filter(to_one).filter_map(column_name) {
            let reason =
                "Rows are looked up by what they refer to, and its deletion checks for them.";
            let led = |index: &Index| matches!(beside_id(index), [(only, _)] if *only == column);
            if !tables[at].indexes.iter().any(led) {
                let operation = format!("{}.get", entity.plural);
                need_index(tables, entity, &column, &operation, reason);
            }
        }
        let files = entity.fields.iter().filter(|field| is_file(field));
        for column in files.filter_map(column_name) {
            let index = file_index(&tables[at].name, column);
            add_index(tables, at, index);
        }
        for fields in &entity.indexes {
            add_declared(model, entity, fields, tables);
        }
    }
    for at in 0..tables.len() {
        if let TablePurpose::Link(field) = tables[at].purpose {
            let operation = format!("{}.get", model.entity(field.entity).plural);
            link_index(tables, at, &operation);
        }
    }
}

fn is_file(field: &Field) -> bool {
    matches!(field.scalar(), Some(ScalarType::File { .. }))
}

/// Deleted rows count too: they refer to their files until they are gone.
fn file_index(table: &str, column: String) -> Index {
    Index {
        name: format!("index_{table}_{column}"),
        columns: vec![(column, Direction::Ascending)],
        active_only: false,
        operations: vec!["files.download".into()],
        reason: "A download asks for the row that has the file, and its deletion checks for it."
            .into(),
    }
}

fn add_declared(model: &Model, entity: &Entity, fields: &[FieldId], tables: &mut [Table]) {
    let columns: Vec<String> = fields
        .iter()
        .filter_map(|field| lookup_column(model.field(*field)))
        .collect();
    let at = entity.id.0;
    let index = Index {
        name: format!("index_{}_{}", tables[at].name, columns.join("_")),
        columns: columns
            .into_iter()
            .chain(["id".to_owned()])
            .map(|column| (column, Direction::Ascending))
            .collect(),
        active_only: entity.soft_delete,
        operations: Vec::new(),
        reason: "The design asks for it.".to_owned(),
    };
    add_index(tables, at, index);
}
