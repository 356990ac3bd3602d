//! Puts type aliases into the fields that use them, and leaves out what is not part of the API version.

use archwright_design::ast::{BodyField, Design, Evolution, Field, Text, TypeText};
use archwright_diagnostics::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// What was left out, with the reason, so that what refers to it can say so.
#[derive(Default)]
pub(super) struct Hidden {
    pub entities: BTreeMap<String, String>,
    pub fields: BTreeMap<(String, String), String>,
}

pub(super) fn prepare(design: &Design, diagnostics: &mut Vec<Diagnostic>) -> (Design, Hidden) {
    let mut design = design.clone();
    let version = design
        .api
        .version
        .as_ref()
        .map_or(1, |version| version.value);
    let hidden = leave_out(&mut design, version, diagnostics);
    let aliases = resolve_aliases(&design, diagnostics);
    expand_all(&mut design, &aliases, diagnostics);
    (design, hidden)
}

fn leave_out(design: &mut Design, version: i64, diagnostics: &mut Vec<Diagnostic>) -> Hidden {
    let mut hidden = Hidden::default();
    design.entities.retain(
        |entity| match absence(&entity.evolution, version, diagnostics) {
            Some(why) => {
                hidden.entities.insert(entity.name.value.clone(), why);
                false
            }
            None => true,
        },
    );
    for entity in &mut design.entities {
        entity.fields.retain(
            |field| match absence(&field.evolution, version, diagnostics) {
                Some(why) => {
                    hidden
                        .fields
                        .insert((entity.name.value.clone(), field.name.value.clone()), why);
                    false
                }
                None => true,
            },
        );
    }
    design
        .operations
        .retain(|operation| absence(&operation.evolution, version, diagnostics).is_none());
    hidden
}

fn absence(
    evolution: &Evolution,
    version: i64,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    for bound in [&evolution.since, &evolution.until].into_iter().flatten() {
        if bound.value < 1 || bound.value > 10_000 {
            let message = format!("{} is no API version", bound.value);
            diagnostics.push(
                Diagnostic::new("AW204", bound.span, message)
                    .help("versions are whole numbers from 1"),
            );
        }
    }
    let since = evolution.since.as_ref().map(|since| since.value);
    let until = evolution.until.as_ref().map(|until| until.value);
    if let (Some(from), Some(to), Some(place)) = (since, until, &evolution.until)
        && from > to
    {
        let message = format!("it ends with version {to}, before it begins with version {from}");
        diagnostics
            .push(Diagnostic::new("AW205", place.span, message).help("swap `since` and `until`"));
        return None;
    }
    match (since, until) {
        (Some(since), _) if since > version => Some(format!(
            "it begins with version {since}, and this is {version}"
        )),
        (_, Some(until)) if until < version => Some(format!(
            "it ended with version {until}, and this is {version}"
        )),
        _ => None,
    }
}

/// Each alias with the aliases in it put in.
fn resolve_aliases(design: &Design, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, Field> {
    let written = written_aliases(design, diagnostics);
    let mut resolved = BTreeMap::new();
    for alias in written.values() {
        let mut waiting: Vec<&Field> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut next = &alias.name.value;
        while let Some(alias) = written.get(&next[..])
            && !resolved.contains_key(next)
            && !places.contains_key(&next[..])
        {
            places.insert(next, waiting.len());
            waiting.push(alias);
            next = &alias.ty.name.value;
        }
        let circle = places.get(&next[..]).copied().unwrap_or(waiting.len());
        for alias in waiting.drain(circle..) {
            let message = format!("the type `{}` is made of itself", alias.name.value);
            let help = "give it a built-in type";
            diagnostics.push(Diagnostic::new("AW229", alias.ty.name.span, message).help(help));
            let mut field = alias.clone();
            "string".clone_into(&mut field.ty.name.value);
            resolved.insert(alias.name.value.clone(), field);
        }
        for alias in waiting.into_iter().rev() {
            let mut field = alias.clone();
            expand(&mut field, &resolved, diagnostics);
            resolved.insert(alias.name.value.clone(), field);
        }
    }
    resolved
}

fn written_aliases<'d>(
    design: &'d Design,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<&'d str, &'d Field> {
    let entities = design.entities.iter().map(|entity| &entity.name.value[..]);
    let mut taken: BTreeSet<&str> = super::scalars::NAMES.iter().copied().collect();
    taken.extend(entities);
    let mut written = BTreeMap::new();
    for alias in &design.types {
        let name = &alias.name;
        if taken.insert(&name.value) {
            refuse_evolution(alias, diagnostics);
            written.insert(&name.value[..], alias);
            continue;
        }
        let message = format!("the name `{}` is taken", name.value);
        let help = "give the type another name";
        diagnostics.push(Diagnostic::new("AW201", name.span, message).help(help));
    }
    written
}

/// A type is part of every version; fields of it come and go.
fn refuse_evolution(alias: &Field, diagnostics: &mut Vec<Diagnostic>) {
    let evolution = &alias.evolution;
    let words = [
        ("since", evolution.since.as_ref().map(|since| since.span)),
        ("until", evolution.until.as_ref().map(|until| until.span)),
        ("was", evolution.was.as_ref().map(|was| was.span)),
    ];
    for (word, span) in words {
        if let Some(span) = span {
            let message = format!("`{word}` does not fit a type");
            diagnostics.push(
                Diagnostic::new("AW222", span, message).help("write it at the fields of the type"),
            );
        }
    }
}

fn expand_all(
    design: &mut Design,
    aliases: &BTreeMap<String, Field>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if aliases.is_empty() {
        return;
    }
    for entity in &mut design.entities {
        expand_each(&mut entity.fields, aliases, diagnostics);
        for step in &mut entity.moves {
            expand_each(&mut step.input, aliases, diagnostics);
        }
    }
    for operation in &mut design.operations {
        for fields in [
            &mut operation.input_path,
            &mut operation.input_query,
            &mut operation.input_header,
        ] {
            expand_each(fields, aliases, diagnostics);
        }
        expand_body(&mut operation.input_body, aliases, diagnostics);
    }
}

fn expand_body(
    fields: &mut [BodyField],
    aliases: &BTreeMap<String, Field>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for field in fields {
        match field {
            BodyField::Leaf(leaf) | BodyField::Given(leaf) => expand(leaf, aliases, diagnostics),
            BodyField::Object { fields, .. } => expand_body(fields, aliases, diagnostics),
        }
    }
}

fn expand_each(
    fields: &mut [Field],
    aliases: &BTreeMap<String, Field>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for field in fields {
        expand(field, aliases, diagnostics);
    }
}

fn expand(field: &mut Field, aliases: &BTreeMap<String, Field>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(alias) = aliases.get(&field.ty.name.value) else {
        return;
    };
    if let Some(argument) = field.ty.arguments.first() {
        let message = format!("`{}` takes nothing in brackets", field.ty.name.value);
        let help = "remove the brackets, or use the built-in type";
        diagnostics.push(Diagnostic::new("AW221", argument.span, message).help(help));
    }
    *field = apply(alias, field);
}

/// The alias's type and modifiers, overridden by the field's.
fn apply(alias: &Field, field: &Field) -> Field {
    let own_value = field.default.is_some() || field.computed.is_some();
    let inherit =
        |own: &Option<Text>, theirs: &Option<Text>| own.clone().or_else(|| theirs.clone());
    Field {
        name: field.name.clone(),
        span: field.span,
        about: inherit(&field.about, &alias.about),
        ty: TypeText {
            name: alias.ty.name.clone(),
            arguments: alias.ty.arguments.clone(),
            optional: alias.ty.optional || field.ty.optional,
            many: alias.ty.many || field.ty.many,
            span: field.ty.span,
        },
        unique: field.unique.clone().or_else(|| alias.unique.clone()),
        immutable: field.immutable.or(alias.immutable),
        read_only: field.read_only.or(alias.read_only),
        write_only: field.write_only.or(alias.write_only),
        sensitive: field.sensitive.or(alias.sensitive),
        search: field.search.or(alias.search),
        filter: field.filter.or(alias.filter),
        sort: field.sort.or(alias.sort),
        owner: field.owner.or(alias.owner),
        tenant: field.tenant.or(alias.tenant),
        composed: field.composed.or(alias.composed),
        by: inherit(&field.by, &alias.by),
        through: inherit(&field.through, &alias.through),
        on_delete: inherit(&field.on_delete, &alias.on_delete),
        min: inherit(&field.min, &alias.min),
        max: inherit(&field.max, &alias.max),
        pattern: inherit(&field.pattern, &alias.pattern),
        blank_as_null: field.blank_as_null.or(alias.blank_as_null),
        from: inherit(&field.from, &alias.from),
        default: if own_value {
            field.default.clone()
        } else {
            alias.default.clone()
        },
        plain_default: if own_value {
            field.plain_default
        } else {
            alias.plain_default
        },
        computed: if own_value {
            field.computed.clone()
        } else {
            alias.computed.clone()
        },
        example: inherit(&field.example, &alias.example),
        visible: field.visible.clone().or_else(|| alias.visible.clone()),
        settable: field.settable.clone().or_else(|| alias.settable.clone()),
        evolution: field.evolution.clone(),
    }
}
