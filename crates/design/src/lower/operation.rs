//! Named operations: route, input, steps, replies.

use super::{Context, Map, NameForm, clip, first_line, reply, shape};
use crate::ast::{BodyField, Operation, Shape, Step, StepKind, Text};
use crate::keys;
use crate::yaml::{Key, Node, NodeKind};
use archwright_diagnostics::{Diagnostic, nearest};

pub fn operation(context: &mut Context<'_>, name: Text, node: &Node) -> Option<Operation> {
    let map = context.map(node, name.span, "an operation", keys::OPERATION)?;
    let (method, path) = context
        .required(&map, "an operation", "route")
        .and_then(|node| context.text(node, "`route`"))
        .map_or((None, None), |route| route_parts(context, &route));
    let by = context
        .required(&map, "an operation", "by")
        .map(|node| context.grants(node, "`by`"));
    let input = map.get("input").and_then(|node| {
        context.map(
            node,
            first_line(context.sources, node.span),
            "`input`",
            keys::INPUT,
        )
    });
    let part = |context: &mut Context<'_>, key: &str| {
        let node = input.as_ref().and_then(|input| input.get(key));
        node.map(|node| {
            if key == "header" {
                headers(context, node)
            } else {
                context.fields(node, &format!("`{key}`"))
            }
        })
        .unwrap_or_default()
    };
    let (replies, headers) = map
        .get("reply")
        .map(|node| reply::replies(context, node))
        .unwrap_or_default();
    Some(Operation {
        span: name.span.to(node.span),
        about: context.optional_text(&map, "about"),
        method,
        path,
        by: by.unwrap_or_default(),
        rate: context.optional_text(&map, "rate"),
        unknown: context.optional_text(&map, "unknown"),
        input_path: part(context, "path"),
        input_query: part(context, "query"),
        input_header: part(context, "header"),
        input_body: input
            .as_ref()
            .and_then(|input| input.get("body"))
            .map(|node| body(context, node))
            .unwrap_or_default(),
        steps: map
            .get("steps")
            .map(|node| steps(context, node, "`steps`"))
            .unwrap_or_default(),
        replies,
        headers,
        workload: map
            .get("workload")
            .and_then(|node| context.rate(node, "`workload`")),
        evolution: context.evolution(&map),
        name,
    })
}

/// `POST /articles/{slug}/favorite`
fn route_parts(context: &mut Context<'_>, route: &Text) -> (Option<Text>, Option<Text>) {
    let (method, path) = crate::split::word(route);
    let form = "Write a method and a path: `POST /articles/{slug}/favorite`.";
    if method.value.starts_with('/') {
        context.report("AW021", route.span, "the route has no method", form);
        return (None, route_path(context, &method));
    }
    let known = keys::METHODS.contains(&method.value.as_str());
    if !known {
        let upper = method.value.to_uppercase();
        let mut diagnostic = Diagnostic::new(
            "AW021",
            method.span,
            format!("`{}` is no method", clip(&method.value)),
        );
        diagnostic = match nearest(&upper, keys::METHODS.iter().copied()) {
            Some(meant) => diagnostic.help(format!("Write `{meant}`.")).fix(
                format!("Write `{meant}`"),
                method.span,
                meant,
            ),
            None => diagnostic.help(format!("Use one of {}.", keys::METHODS.join(", "))),
        };
        context.diagnostics.push(diagnostic);
    }
    if path.value.is_empty() {
        context.report("AW021", route.span, "the route has no path", form);
        return (known.then_some(method), None);
    }
    (known.then_some(method), route_path(context, &path))
}

fn route_path(context: &mut Context<'_>, path: &Text) -> Option<Text> {
    if !path.value.starts_with('/') {
        context.report(
            "AW021",
            path.span,
            "a path begins with a slash",
            format!("Write `/{}`.", clip(&path.value)),
        );
        return None;
    }
    let mut start = 1;
    let mut sound = true;
    if path.value == "/" {
        return Some(path.clone());
    }
    for segment in path.value[1..].split('/') {
        let range = start..start + segment.len();
        start = range.end + 1;
        if let Some((message, help)) = segment_problem(segment) {
            context.report("AW021", path.place(range), message, help);
            sound = false;
        }
    }
    sound.then(|| path.clone())
}

fn segment_problem(segment: &str) -> Option<(String, String)> {
    if segment.is_empty() {
        return Some((
            "a path has no empty segments and no slash at its end".to_owned(),
            "Remove the slash.".to_owned(),
        ));
    }
    if let Some(name) = segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let help = "Write a name in braces: `{slug}`.".to_owned();
        return (!NameForm::Word.fits(name)).then(|| {
            (
                format!("`{}` can't be a path parameter", clip(segment)),
                help,
            )
        });
    }
    if let Some(name) = segment
        .strip_prefix(':')
        .filter(|name| NameForm::Word.fits(name))
    {
        return Some((
            format!("path parameters aren't written `:{name}`"),
            format!("Write `{{{name}}}`."),
        ));
    }
    if segment.contains('?') {
        return Some((
            "a path holds no query".to_owned(),
            "Declare query parameters under `input: { query: … }`.".to_owned(),
        ));
    }
    let plain = segment
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let help = "Use letters, digits, `-`, `.`, `_` and `~`; a parameter is a segment of its own."
        .to_owned();
    (!plain).then(|| (format!("`{}` can't be a path segment", clip(segment)), help))
}

fn headers(context: &mut Context<'_>, node: &Node) -> Vec<crate::ast::Field> {
    let entries = context.entries(node, "`header`").unwrap_or_default();
    let mut fields = Vec::new();
    for (key, value) in entries {
        if let Some(name) = context.named(key, value, "a header", NameForm::Kebab) {
            fields.extend(context.field(&name, value));
        }
    }
    fields
}

fn body(context: &mut Context<'_>, node: &Node) -> Vec<BodyField> {
    let entries = context.entries(node, "`body`").unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, value)| body_field(context, key, value))
        .collect()
}

/// A mapping is an object, unless it has a `type` that is a text and no other keys than those of a field.
fn body_field(context: &mut Context<'_>, key: &Key, value: &Node) -> Option<BodyField> {
    let length = key.text.value.len();
    let optional = key.text.value.ends_with('?');
    let bare = Key {
        text: key.text.slice(0..length - usize::from(optional)),
        style: key.style,
    };
    let name = context.name(&bare, value, "a field")?;
    match &value.kind {
        NodeKind::Mapping(entries, _) if !is_long_field(entries) => {
            let fields = entries
                .iter()
                .filter_map(|(key, value)| body_field(context, key, value))
                .collect();
            Some(BodyField::Object {
                name,
                optional,
                fields,
                span: super::entity::entry_span(&key.text, value),
            })
        }
        _ => {
            let field = context.field(&name, value)?;
            if !optional {
                return Some(BodyField::Leaf(field));
            }
            if field.ty.optional || field.default.is_some() {
                let message = format!(
                    "`{}` may be left out by its `?`, and by its type or default",
                    name.value
                );
                let help = format!(
                    "Write `{}: TYPE?` where null is taken too, `{}?: TYPE` where it is not.",
                    name.value, name.value
                );
                context.report("AW013", key.text.span, message, help);
                return None;
            }
            Some(BodyField::Given(field))
        }
    }
}

fn is_long_field(entries: &[(Key, Node)]) -> bool {
    let has_type = entries
        .iter()
        .any(|(key, value)| key.text.value == "type" && matches!(value.kind, NodeKind::Scalar(..)));
    has_type
        && entries
            .iter()
            .all(|(key, _)| keys::FIELD.contains(&key.text.value.as_str()))
}

pub fn steps(context: &mut Context<'_>, node: &Node, what: &str) -> Vec<Step> {
    let items = context.sequence(node, what);
    items
        .iter()
        .filter_map(|item| step(context, item))
        .collect()
}

fn step(context: &mut Context<'_>, node: &Node) -> Option<Step> {
    let place = first_line(context.sources, node.span);
    let NodeKind::Mapping(entries, _) = &node.kind else {
        let help = "Begin with a verb: `- find: { article: Article }`.";
        context.report(
            "AW022",
            place,
            format!("a step is a mapping, not {}", node.kind_name()),
            help,
        );
        return None;
    };
    let verbs: Vec<&Key> = entries
        .iter()
        .map(|(key, _)| key)
        .filter(|key| keys::STEPS.iter().any(|(verb, _)| *verb == key.text.value))
        .collect();
    let names: Vec<&str> = keys::STEPS.iter().map(|(verb, _)| *verb).collect();
    let Some(verb) = verbs.first() else {
        return no_verb(context, place, entries, &names);
    };
    if let Some(second) = verbs.get(1) {
        let message = format!(
            "a step has one verb; this one has `{}` and `{}`",
            verb.text.value, second.text.value
        );
        context.diagnostics.push(
            Diagnostic::new("AW022", second.text.span, message)
                .other(verb.text.span, "the first verb")
                .help("Make two steps of it, each with its own `- `."),
        );
        return None;
    }
    let own = keys::STEPS
        .iter()
        .find(|(name, _)| *name == verb.text.value)
        .map_or(&[][..], |(_, own)| *own);
    let mut allowed = vec![verb.text.value.as_str(), "if"];
    allowed.extend(own);
    let map = context.map(
        node,
        verb.text.span,
        &format!("the step `{}`", verb.text.value),
        &allowed,
    )?;
    let condition = context.optional_expression(&map, "if");
    let (otherwise, refusal) = match map.get("else") {
        Some(node) => refusal(context, node),
        None => (None, None),
    };
    let kind = step_kind(context, &verb.text, &map)?;
    Some(Step {
        kind,
        span: node.span,
        condition,
        otherwise,
        refusal,
    })
}

/// `else: not-found`, or `else: { 404: { errors: … } }`.
fn refusal(context: &mut Context<'_>, node: &Node) -> (Option<Text>, Option<Shape>) {
    let NodeKind::Mapping(entries, _) = &node.kind else {
        return (context.expression(node, "`else`"), None);
    };
    let [(status, body)] = entries.as_slice() else {
        context.report(
            "AW022",
            first_line(context.sources, node.span),
            "`else` takes one outcome",
            "Write `else: { 404: { error: detail } }`, with one status and the body of its reply.",
        );
        return (None, None);
    };
    let body = shape::shape(context, body, "`else`");
    (Some(status.text.clone()), body)
}

fn no_verb(
    context: &mut Context<'_>,
    place: archwright_diagnostics::Span,
    entries: &[(Key, Node)],
    names: &[&str],
) -> Option<Step> {
    for (key, _) in entries {
        if let Some(advice) = keys::advice(&key.text.value, names) {
            let message = format!("`{}` is no verb of a step", key.text.value);
            context.report("AW022", key.text.span, message, advice);
            return None;
        }
    }
    let near = entries.iter().find_map(|(key, _)| {
        let name = &key.text.value;
        let habit = keys::VERBS.iter().find(|(word, _)| word == name);
        let meant = habit.map(|(_, verb)| *verb);
        Some((key, meant.or_else(|| nearest(name, names.iter().copied()))?))
    });
    let diagnostic = match near {
        Some((key, meant)) => Diagnostic::new(
            "AW022",
            key.text.span,
            format!("`{}` is no verb of a step", key.text.value),
        )
        .help(format!(
            "Did you mean `{meant}`? The verbs are {}.",
            names.join(", ")
        ))
        .fix(format!("Write `{meant}`"), key.text.span, meant),
        None => Diagnostic::new("AW022", place, "a step has no verb")
            .help(format!("Begin with one of {}.", names.join(", "))),
    };
    context.diagnostics.push(diagnostic);
    None
}

fn step_kind(context: &mut Context<'_>, verb: &Text, map: &Map<'_>) -> Option<StepKind> {
    let node = map.get(&verb.value)?;
    match verb.value.as_str() {
        "guard" => Some(StepKind::Guard {
            that: context.text(node, "`guard`")?,
        }),
        "update" => {
            let password = context.optional_expression(map, "password");
            let (row, set) = (
                context.text(node, "`update`"),
                pairs(context, map, verb, "set", password.is_none()),
            );
            Some(StepKind::Update {
                row: row?,
                set,
                password,
            })
        }
        "delete" => Some(StepKind::Delete {
            row: context.text(node, "`delete`")?,
        }),
        _ => {
            let pair = pair(context, verb, node);
            with_pair(context, verb, map, pair)
        }
    }
}

fn with_pair(
    context: &mut Context<'_>,
    verb: &Text,
    map: &Map<'_>,
    pair: Option<(Text, Text)>,
) -> Option<StepKind> {
    match verb.value.as_str() {
        "find" => {
            let filter = context.optional_expression(map, "where");
            let lock = context.boolean(map, "lock").is_some_and(|lock| lock.value);
            pair.map(|(name, entity)| StepKind::Find {
                name,
                entity,
                filter,
                lock,
            })
        }
        "list" => list(context, map, pair),
        "create" => {
            let set = pairs(context, map, verb, "set", false);
            let password = context.optional_expression(map, "password");
            let role = context.optional_text(map, "role");
            pair.map(|(name, entity)| StepKind::Create {
                name,
                entity,
                set,
                password,
                role,
            })
        }
        "upsert" | "get-or-create" => {
            let (key, set) = (
                pairs(context, map, verb, "key", true),
                pairs(context, map, verb, "set", false),
            );
            let (name, entity) = pair?;
            Some(match verb.value.as_str() {
                "upsert" => StepKind::Upsert {
                    name,
                    entity,
                    key,
                    set,
                },
                _ => StepKind::GetOrCreate {
                    name,
                    entity,
                    key,
                    set,
                },
            })
        }
        "link" => pair.map(|(relation, row)| StepKind::Link { relation, row }),
        "unlink" => pair.map(|(relation, row)| StepKind::Unlink { relation, row }),
        "increment" => pair.map(|(field, by)| StepKind::Increment { field, by }),
        "move" => pair.map(|(row, name)| StepKind::Move { row, name }),
        "sign-in" => {
            let key = pairs(context, map, verb, "key", true);
            let password = context
                .required(map, "the step `sign-in`", "password")
                .and_then(|node| context.expression(node, "`password`"));
            pair.map(|(name, entity)| StepKind::SignIn {
                name,
                entity,
                key,
                password,
            })
        }
        "token" => pair.map(|(name, row)| StepKind::Token { name, row }),
        "each" => {
            let steps = context
                .required(map, "the step `each`", "do")
                .map(|node| steps(context, node, "`do`"));
            pair.map(|(name, list)| StepKind::Each {
                name,
                list,
                steps: steps.unwrap_or_default(),
            })
        }
        _ => None,
    }
}

fn list(context: &mut Context<'_>, map: &Map<'_>, pair: Option<(Text, Text)>) -> Option<StepKind> {
    let filter = context.optional_expression(map, "where");
    let sort = context.optional_names(map, "sort");
    let limit = context.optional_expression(map, "limit");
    let offset = context.optional_expression(map, "offset");
    let count = context.optional_text(map, "count");
    pair.map(|(name, entity)| StepKind::List {
        name,
        entity,
        filter,
        sort,
        limit,
        offset,
        count,
    })
}

fn pairs(
    context: &mut Context<'_>,
    map: &Map<'_>,
    verb: &Text,
    key: &str,
    required: bool,
) -> Vec<(Text, Text)> {
    let what = format!("the step `{}`", verb.value);
    let node = if required {
        context.required(map, &what, key)
    } else {
        map.get(key)
    };
    node.map(|node| context.name_value_pairs(node, &format!("`{key}`")))
        .unwrap_or_default()
}

/// The one entry under a verb: `{ article: Article }`.
fn pair(context: &mut Context<'_>, verb: &Text, node: &Node) -> Option<(Text, Text)> {
    let example = match verb.value.as_str() {
        "link" | "unlink" => "{ caller.favourites: article }",
        "increment" => "{ book.stock: -line.quantity }",
        "move" => "{ order: ship }",
        "each" => "{ tag: body.tagList }",
        "sign-in" => "{ user: User }",
        "token" => "{ token: user }",
        _ => "{ article: Article }",
    };
    let entries = match &node.kind {
        NodeKind::Mapping(entries, _) => entries.as_slice(),
        _ => &[],
    };
    if entries.len() != 1 {
        let place = if entries.is_empty() {
            verb.span
        } else {
            first_line(context.sources, node.span)
        };
        let message = format!("`{}` takes a mapping of one entry", verb.value);
        let help = match entries.get(1) {
            Some((second, _)) => format!(
                "Write `{}: {example}`, and `{}` on a line of its own below.",
                verb.value, second.text.value
            ),
            None => format!("Write `{}: {example}`.", verb.value),
        };
        context.report("AW022", place, message, help);
    }
    // The first entry is read all the same, so that later steps know its name.
    let (key, value) = entries.first()?;
    let value = context.expression(value, &format!("`{}`", key.text.value))?;
    let binds = !matches!(
        verb.value.as_str(),
        "link" | "unlink" | "increment" | "move"
    );
    if key.text.value.trim().is_empty() || (binds && !NameForm::Word.fits(&key.text.value)) {
        let message = format!("`{}` can't be a name here", clip(&key.text.value));
        context.report(
            "AW013",
            key.text.span,
            message,
            format!("Write `{}: {example}`.", verb.value),
        );
        return None;
    }
    Some((key.text.clone(), value))
}
