//! Names that follow from those of a design: columns, tables, keys of JSON, segments of paths, ids of operations.
//! Lowering compares them, and the planner uses them.

use crate::{Entity, Field, FieldKind};

/// The column that holds a stored field; none for computed fields and to-many relations.
pub fn column_name(field: &Field) -> Option<String> {
    let name = snake(&field.name);
    match &field.kind {
        FieldKind::Scalar(_) if field.computed.is_some() => None,
        FieldKind::Scalar(_) => Some(name),
        FieldKind::ToOne(_) => Some(format!("{name}_id")),
        FieldKind::ToMany(_) => None,
    }
}

/// The column by which a field is found: its blind index when it is encrypted.
pub fn lookup_column(field: &Field) -> Option<String> {
    let name = column_name(field)?;
    Some(if field.sensitive {
        format!("{name}_index")
    } else {
        name
    })
}

/// The table of a many-to-many relation, by its canonical side: `book_authors`.
pub fn link_table(near: &Entity, field: &Field) -> String {
    format!("{}_{}", near.singular, snake(&field.name))
}

/// The columns of a link table: for the rows of the canonical side, and for those that they are linked to.
pub fn link_columns(near: &Entity, far: &Entity) -> (String, String) {
    let near_column = format!("{}_id", near.singular);
    let far_column = match near.id == far.id {
        false => format!("{}_id", far.singular),
        true if near_column == "other_id" => "another_id".to_owned(),
        true => "other_id".to_owned(),
    };
    (near_column, far_column)
}

/// The key of JSON under which a many-to-many relation takes rows: `author_ids` for `authors`, or `tag_slugs` where
/// the target's rows are addressed by that key.
pub fn references_name(relation: &str, key: Option<&str>) -> String {
    let singular = pluralizer::pluralize(relation, 1, false);
    format!("{singular}_{}s", key.unwrap_or("id"))
}

/// The segment below which files are downloaded: `files`, unless an entity's rows stand there.
pub fn downloads(entities: &[Entity]) -> &'static str {
    let mut wholes = entities.iter().filter(|entity| entity.part_of.is_none());
    match wholes.any(|entity| entity.path == "files") {
        true => "stored-files",
        false => "files",
    }
}

/// `place_all` in a path: `place-all`.
pub fn segment(name: &str) -> String {
    name.replace('_', "-")
}

/// The id of an operation as clients call it: `orders.place-all` becomes `ordersPlaceAll`.
pub fn camel(id: &str) -> String {
    let mut words = id.split(['.', '-', '_']).filter(|word| !word.is_empty());
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut characters = word.chars();
        camel.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(characters.as_str());
    }
    camel
}

/// `placed_at` for `placedAt` and for `placed-at`.
pub fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut previous_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && previous_lower {
            snake.push('_');
        }
        previous_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
        snake.push(match character {
            '-' => '_',
            other => other.to_ascii_lowercase(),
        });
    }
    snake
}
