//! The top level: files merged, `api`, `roles`, `types`, `views`, `stack`, `seed`.

use super::{Context, Map, NameForm, clip, entity, first_line, operation, shape};
use crate::ast::{Api, Design, Role, Seed, SeedValue, Shape, Spanned, Stack, Text, View};
use crate::keys;
use crate::yaml::{Key, Node, NodeKind};
use archwright_diagnostics::{Diagnostic, Span, nearest};

pub fn design(context: &mut Context<'_>, roots: &[Node]) -> Design {
    let mut design = Design::default();
    for root in roots {
        file(context, root, &mut design);
    }
    let Some(root) = roots.first() else {
        return design;
    };
    let sound = roots
        .iter()
        .all(|root| matches!(root.kind, NodeKind::Mapping(..)));
    if sound && context.broken.is_empty() {
        let place = Span {
            end: root.span.start,
            ..root.span
        };
        let declared = |key: &str| context.names.contains_key(&("the key", key.to_owned()));
        let missing: Vec<&str> = ["archwright", "name"]
            .into_iter()
            .filter(|key| !declared(key))
            .collect();
        for key in missing {
            let example = if key == "name" {
                "name: bookshop"
            } else {
                "archwright: 1"
            };
            let message = format!("the design lacks the key `{key}`");
            context.report(
                "AW010",
                place,
                message,
                format!("Add `{example}` at the top."),
            );
        }
    }
    design
}

fn file(context: &mut Context<'_>, root: &Node, design: &mut Design) {
    let place = Span {
        end: root.span.start,
        ..root.span
    };
    if !matches!(root.kind, NodeKind::Mapping(..)) {
        let help = "Begin with `archwright: 1`, `name:` and `entities:`.";
        let message = format!(
            "a design is a mapping (`key: value` lines), not {}",
            root.kind_name()
        );
        context.report(
            "AW009",
            first_line(context.sources, root.span),
            message,
            help,
        );
        return;
    }
    let Some(map) = context.map(root, place, "a design", keys::DESIGN) else {
        return;
    };
    for key in ["archwright", "name", "about", "api", "stack"] {
        if let Some(name) = map.key(key) {
            context.declare("the key", name);
        }
    }
    version(context, &map, design);
    if let Some(name) = context.optional_text(&map, "name") {
        if !NameForm::Kebab.fits(&name.value) {
            let message = format!("`{}` can't be the name of a design", clip(&name.value));
            context.report(
                "AW013",
                name.span,
                message,
                NameForm::Kebab.help_for(&name.value),
            );
        }
        design.name.get_or_insert(name);
    }
    design.about = design
        .about
        .take()
        .or_else(|| context.optional_text(&map, "about"));
    if let Some(node) = map.get("api") {
        api(context, node, &mut design.api);
    }
    if let Some(node) = map.get("stack") {
        stack(context, node, &mut design.stack);
    }
    sections(context, &map, design);
}

fn sections(context: &mut Context<'_>, map: &Map<'_>, design: &mut Design) {
    for (key, value) in section(context, map, "types") {
        if let Some(name) = declared(context, key, value, "the type", "a type", NameForm::Capital) {
            design.types.extend(context.field(&name, value));
        }
    }
    for (key, value) in section(context, map, "roles") {
        if let Some(name) = declared(context, key, value, "the role", "a role", NameForm::Kebab) {
            design.roles.extend(role(context, name, value));
        }
    }
    for (key, value) in section(context, map, "entities") {
        if let Some(name) = declared(
            context,
            key,
            value,
            "the entity",
            "an entity",
            NameForm::Capital,
        ) {
            design.entities.extend(entity::entity(context, name, value));
        }
    }
    for (key, value) in section(context, map, "views") {
        if let Some(name) = declared(context, key, value, "the view", "a view", NameForm::Capital) {
            design.views.extend(view(context, name, value));
        }
    }
    for (key, value) in section(context, map, "operations") {
        if let Some(name) = declared(
            context,
            key,
            value,
            "the operation",
            "an operation",
            NameForm::Kebab,
        ) {
            design
                .operations
                .extend(operation::operation(context, name, value));
        }
    }
    for (key, value) in section(context, map, "seed") {
        if let Some(name) = declared(
            context,
            key,
            value,
            "the seed of",
            "a seeded entity",
            NameForm::Capital,
        ) {
            design.seed.extend(seed(context, name, value));
        }
    }
}

fn section<'n>(context: &mut Context<'_>, map: &Map<'n>, key: &str) -> &'n [(Key, Node)] {
    map.get(key)
        .and_then(|node| context.entries(node, &format!("`{key}`")))
        .unwrap_or_default()
}

fn declared(
    context: &mut Context<'_>,
    key: &Key,
    value: &Node,
    kind: &'static str,
    what: &str,
    form: NameForm,
) -> Option<Text> {
    let name = context.named(key, value, what, form)?;
    context.declare(kind, &name).then_some(name)
}

fn version(context: &mut Context<'_>, map: &Map<'_>, design: &mut Design) {
    let Some(version) = context.optional_integer(map, "archwright") else {
        return;
    };
    if version.value != 1 {
        let message = format!(
            "version {} of the design language is not known here",
            version.value
        );
        context.report(
            "AW024",
            version.span,
            message,
            "Write `archwright: 1`, or use a newer archwright.",
        );
    }
    design.version.get_or_insert(version);
}

fn api(context: &mut Context<'_>, node: &Node, api: &mut Api) {
    let place = first_line(context.sources, node.span);
    let Some(map) = context.map(node, place, "`api`", keys::API) else {
        return;
    };
    api.base = context.optional_text(&map, "base");
    if let Some(base) = &api.base {
        let fits = base.value == "/" || (base.value.starts_with('/') && !base.value.ends_with('/'));
        let plain = base
            .value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte));
        if !fits || !plain {
            let help = "Begin with a slash and don't end with one: `/api/v1`.";
            context.report("AW021", base.span, "`base` is no path", help);
        }
    }
    api.version = context.optional_integer(&map, "version");
    if let Some(page) = map
        .get("page")
        .and_then(|node| context.map(node, node.span, "`page`", keys::PAGE))
    {
        api.page_default = context.optional_integer(&page, "default");
        api.page_max = context.optional_integer(&page, "max");
    }
    api.body = map
        .get("body")
        .and_then(|node| context.size(node, "`body`"));
    api.timeout = map
        .get("timeout")
        .and_then(|node| context.duration(node, "`timeout`"));
    api.unknown = context.optional_text(&map, "unknown");
    api.origins = context.optional_names(&map, "origins");
    for (key, value) in section(context, &map, "rates") {
        let name = context.named(key, value, "a rate class", NameForm::Kebab);
        let rate = context.rate(value, &format!("the rate `{}`", key.text.value));
        api.rates.extend(name.zip(rate));
    }
    if let Some(tokens) = map
        .get("tokens")
        .and_then(|node| context.map(node, node.span, "`tokens`", keys::TOKENS))
    {
        api.access_lifetime = tokens
            .get("access")
            .and_then(|node| context.duration(node, "`access`"));
        api.refresh_lifetime = tokens
            .get("refresh")
            .and_then(|node| context.duration(node, "`refresh`"));
        api.schemes = context.optional_names(&tokens, "scheme");
    }
    if let Some(node) = map.get("errors") {
        api.errors = errors(context, node);
    }
    for (key, value) in section(context, &map, "statuses") {
        let what = format!("`{}`", key.text.value);
        let name = context.named(key, value, "a code", NameForm::Kebab);
        let status = context.text(value, &what);
        let status = status.and_then(|status| context.integer(&status, &what));
        api.statuses.extend(name.zip(status));
    }
    for (key, value) in section(context, &map, "messages") {
        let name = context.named(key, value, "a code", NameForm::Kebab);
        let text = context.text(value, &format!("`{}`", key.text.value));
        api.messages.extend(name.zip(text));
    }
}

/// One shape, or one for each status and `default`: these as soon as one key reads like a status.
fn errors(context: &mut Context<'_>, node: &Node) -> Vec<(Option<Spanned<i64>>, Shape)> {
    let like_status = |(key, _): &(Key, Node)| {
        let name = &key.text.value;
        name == "default" || name.starts_with(|first: char| first.is_ascii_digit())
    };
    let entries = match &node.kind {
        NodeKind::Mapping(entries, _) if entries.iter().any(like_status) => entries,
        _ => {
            let shape = shape::shape(context, node, "`errors`");
            return shape.map(|shape| (None, shape)).into_iter().collect();
        }
    };
    let mut errors = Vec::new();
    for (key, value) in entries {
        let status = error_status(context, &key.text);
        let shape = shape::shape(context, value, &format!("`{}`", key.text.value));
        errors.extend(status.zip(shape));
    }
    errors
}

/// `404`, or `default` for all that have none of their own.
fn error_status(context: &mut Context<'_>, key: &Text) -> Option<Option<Spanned<i64>>> {
    if key.value == "default" {
        return Some(None);
    }
    if let Ok(value) = key.value.parse() {
        let span = key.span;
        return Some(Some(Spanned { value, span }));
    }
    let message = format!("`{}` is no status of an error", clip(&key.value));
    let help = match nearest(&key.value, ["default"]) {
        Some(_) => "Write `default`, for every status that has no shape of its own.",
        None => "Write one status, such as `404`, or `default` for all others.",
    };
    context.report("AW023", key.span, message, help);
    None
}

fn stack(context: &mut Context<'_>, node: &Node, stack: &mut Stack) {
    let Some(map) = context.map(
        node,
        first_line(context.sources, node.span),
        "`stack`",
        keys::STACK,
    ) else {
        return;
    };
    stack.framework = context.optional_text(&map, "framework");
    stack.database = context.optional_text(&map, "database");
    stack.cache = context.optional_text(&map, "cache");
    stack.sign_in = context.optional_names(&map, "sign-in");
    stack.rls = context.boolean(&map, "rls");
}

fn role(context: &mut Context<'_>, name: Text, node: &Node) -> Option<Role> {
    let map = context.map(node, name.span, "a role", keys::ROLE)?;
    let about = context.optional_text(&map, "about");
    let sign_up =
        context
            .optional_text(&map, "sign-up")
            .and_then(|word| match word.value.as_str() {
                "open" | "true" => Some(Spanned {
                    value: true,
                    span: word.span,
                }),
                "closed" | "false" => Some(Spanned {
                    value: false,
                    span: word.span,
                }),
                other => {
                    unknown_word(
                        context,
                        &word,
                        &format!("`sign-up` can't be `{other}`"),
                        &["open", "closed"],
                    );
                    None
                }
            });
    let (includes, granted_by) = (
        context.optional_names(&map, "includes"),
        context.optional_names(&map, "granted-by"),
    );
    Some(Role {
        name,
        about,
        sign_up,
        includes,
        granted_by,
    })
}

/// A word outside a closed set.
pub fn unknown_word(context: &mut Context<'_>, word: &Text, message: &str, allowed: &[&str]) {
    let list = allowed.join(", ");
    let mut diagnostic = Diagnostic::new("AW014", word.span, message);
    diagnostic = match nearest(&word.value, allowed.iter().copied()) {
        Some(meant) => diagnostic
            .help(format!(
                "Did you mean `{meant}`? The words here are {list}."
            ))
            .fix(format!("Write `{meant}`"), word.span, meant),
        None => diagnostic.help(format!("Write one of {list}.")),
    };
    context.diagnostics.push(diagnostic);
}

fn view(context: &mut Context<'_>, name: Text, node: &Node) -> Option<View> {
    let map = context.map(node, name.span, "a view", keys::VIEW)?;
    let of = context
        .required(&map, "a view", "of")
        .and_then(|node| context.text(node, "`of`"));
    let show = context
        .required(&map, "a view", "show")
        .and_then(|node| shape::shape(context, node, "`show`"));
    Some(View { name, of, show })
}

fn seed(context: &mut Context<'_>, entity: Text, node: &Node) -> Option<Seed> {
    match &node.kind {
        NodeKind::Scalar(..) => {
            let rows = Some(context.count(node, "a seed")?);
            Some(Seed {
                entity,
                rows,
                with: Vec::new(),
            })
        }
        NodeKind::Sequence(..) => Some(Seed {
            entity,
            rows: None,
            with: seed_rows(context, node),
        }),
        NodeKind::Mapping(..) => {
            let map = context.map(node, entity.span, "a seed", keys::SEED)?;
            let rows = map
                .get("rows")
                .and_then(|node| context.count(node, "`rows`"));
            let with = map
                .get("with")
                .map(|node| seed_rows(context, node))
                .unwrap_or_default();
            Some(Seed { entity, rows, with })
        }
    }
}

fn seed_rows(context: &mut Context<'_>, node: &Node) -> Vec<Vec<(Text, SeedValue)>> {
    let items = context.sequence(node, "the rows of a seed");
    items
        .iter()
        .filter_map(|item| seed_row(context, item))
        .collect()
}

fn seed_row(context: &mut Context<'_>, node: &Node) -> Option<Vec<(Text, SeedValue)>> {
    let entries = context.entries(node, "a row of a seed")?;
    let mut row = Vec::new();
    for (key, value) in entries {
        let name = context.name(key, value, "a field");
        row.extend(
            name.and_then(|name| Some((name, seed_value(context, value, &key.text.value)?))),
        );
    }
    Some(row)
}

fn seed_value(context: &mut Context<'_>, node: &Node, name: &str) -> Option<SeedValue> {
    Some(match &node.kind {
        NodeKind::Scalar(text, _) if !node.is_missing() => SeedValue::Scalar(text.clone()),
        NodeKind::Scalar(..) => {
            context.wrong_kind(node, &format!("`{name}`"), "a value");
            return None;
        }
        NodeKind::Sequence(items, _) => SeedValue::List(
            items
                .iter()
                .filter_map(|item| seed_value(context, item, name))
                .collect(),
        ),
        NodeKind::Mapping(..) => SeedValue::Object(seed_row(context, node)?),
    })
}
