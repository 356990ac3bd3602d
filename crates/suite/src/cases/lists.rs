//! Lists: the rows that the caller may see, and how they are filtered, sorted, searched, paged and shaped.

use super::Cases;
use super::ignored::NO_PARAMETER;
use crate::client::{Reply, Request};
use crate::make::Want;
use crate::oracle::{Question, Refusal, Shown, answer, representation};
use crate::session::{Outcome, Session, Trouble, failed, skip, unreached};
use crate::wire::{encode, id_from_json, reference_to_json, to_json};
use archwright_evaluate::{RowRef, Value};
use archwright_plan::model::{EntityId, FieldId, FieldKind, Unknown};
use archwright_plan::{
    Expand, Filter, FilterOperator, ListOptions, Operation, OperationKind, Plan, Sort, limits,
};
use serde_json::Value as Json;

/// Pages that are followed before it is said that they never end.
const MOST_PAGES: usize = 400;

pub(super) fn derive(cases: &mut Cases) {
    let plan = cases.plan;
    for operation in &plan.operations {
        let (Some(entity), Some(list)) = (operation.entity, &operation.list) else {
            shapes(cases, operation);
            continue;
        };
        let id = &operation.id;
        cases.add(
            format!("{id}/happy"),
            "the newest rows come first, a page of them",
            None,
            move |session| {
                let actor = lister(session, operation)?;
                first_page(session, actor, operation)
            },
        );
        for filter in &list.filters {
            for operator in &filter.operators {
                let dot = if operator.name().is_empty() { "" } else { "." };
                let name = format!("{}{dot}{}", filter.name, operator.name());
                let span = Some(plan.model.field(filter.field).span);
                let reason = format!("?{name}= keeps the rows that it says, and no others");
                let operator = *operator;
                cases.add(
                    format!("{id}/filter/{name}"),
                    reason,
                    span,
                    move |session| filtered(session, operation, filter, operator),
                );
            }
        }
        for sort in &list.sorts {
            for (sign, descending) in [("", false), ("-", true)] {
                let span = Some(plan.model.field(sort.field).span);
                let reason = format!("?sort={sign}{} orders the rows, ties by id", sort.name);
                cases.add(
                    format!("{id}/sort/{sign}{}", sort.name),
                    reason,
                    span,
                    move |session| sorted(session, operation, sort, descending),
                );
            }
        }
        if list.search {
            cases.add(
                format!("{id}/search"),
                "?q= finds the rows that hold all the words",
                None,
                move |session| searched(session, operation),
            );
        }
        paging(cases, operation, list, entity);
        for (name, _) in &list.not_filterable {
            let reason = format!("no filter is offered on {name}");
            cases.add(
                format!("{id}/no-filter/{name}"),
                reason,
                None,
                move |session| bad_query(session, operation, &format!("{name}=1")),
            );
        }
        for (name, _) in &list.not_sortable {
            let reason = format!("no sort is offered on {name}");
            cases.add(
                format!("{id}/no-sort/{name}"),
                reason,
                None,
                move |session| bad_query(session, operation, &format!("sort={name}")),
            );
        }
        shapes(cases, operation);
    }
}

fn paging<'p>(
    cases: &mut Cases<'p>,
    operation: &'p Operation,
    list: &'p ListOptions,
    entity: EntityId,
) {
    let id = &operation.id;
    cases.add(
        format!("{id}/page/whole"),
        "all pages together are all rows, each once",
        None,
        move |session| {
            let actor = lister(session, operation)?;
            followed(session, actor, operation, &Question::default(), 2, false)
        },
    );
    if cases
        .plan
        .operations
        .iter()
        .any(|one| one.entity == Some(entity) && one.kind == OperationKind::Create)
    {
        cases.add(
            format!("{id}/page/under-inserts"),
            "pages neither skip nor repeat while rows are created",
            None,
            move |session| {
                let actor = lister(session, operation)?;
                followed(session, actor, operation, &Question::default(), 2, true)
            },
        );
        for sort in &list.sorts {
            let reason = format!(
                "pages by {} neither skip nor repeat while rows are created",
                sort.name
            );
            cases.add(
                format!("{id}/page/under-inserts/{}", sort.name),
                reason,
                None,
                move |session| {
                    let actor = lister(session, operation)?;
                    let question = Question {
                        sort: Some((sort.field, false)),
                        ..Question::default()
                    };
                    followed(session, actor, operation, &question, 2, true)
                },
            );
        }
    }
    cases.add(
        format!("{id}/page/default"),
        format!("without a limit a page has {} rows", list.page_default),
        None,
        move |session| {
            let actor = lister(session, operation)?;
            limited(session, actor, operation, None, list.page_default)
        },
    );
    cases.add(
        format!("{id}/page/most"),
        format!("a page has at most {} rows", list.page_max),
        None,
        move |session| {
            let actor = lister(session, operation)?;
            limited(
                session,
                actor,
                operation,
                Some(list.page_max),
                list.page_max,
            )?;
            bad_query(session, operation, &format!("limit={}", list.page_max + 1))
        },
    );
    for query in [
        "limit=0",
        "limit=many",
        "cursor=nonsense",
        NO_PARAMETER,
        "sort=no_such_field",
    ] {
        if query == NO_PARAMETER && operation.unknown == Unknown::Ignore {
            continue;
        }
        let (name, value) = query.split_once('=').unwrap_or((query, ""));
        let reason = format!("?{query} can't be understood, and the reply names {name}");
        cases.add(
            format!("{id}/bad-query/{name}={value}"),
            reason,
            None,
            move |session| bad_query(session, operation, query),
        );
    }
    if list.search {
        let most = limits::SEARCH_CHARACTERS;
        cases.add(
            format!("{id}/search/too-long"),
            format!("words of more than {most} characters are not looked for"),
            None,
            move |session| bad_query(session, operation, &format!("q={}", "q".repeat(most + 1))),
        );
    }
    if (!list.sorts.is_empty() || list.search) && !shows_one_row(cases.plan, operation) {
        cases.add(
            format!("{id}/page/other-question"),
            "a cursor is good for its own question alone",
            None,
            move |session| foreign_cursor(session, operation, list),
        );
    }
}

/// Whether nobody sees more than the one row that is theirs.
fn shows_one_row(plan: &Plan, operation: &Operation) -> bool {
    let entity = operation.entity.map(|entity| plan.model.entity(entity));
    entity.is_some_and(|entity| {
        let mut keys = entity.unique.iter();
        keys.any(|key| entity.owner.is_some_and(|owner| key.fields == [owner]))
            && operation.guard.iter().all(|one| one.owner)
    })
}

fn shapes<'p>(cases: &mut Cases<'p>, operation: &'p Operation) {
    let Some(entity) = operation.entity else {
        return;
    };
    if operation.kind != OperationKind::Get {
        return;
    }
    let resource = cases.plan.resource(entity);
    for expand in &resource.expands {
        let span = Some(cases.plan.model.field(expand.field).span);
        let reason = format!(
            "?expand={} puts in what the caller may see of it",
            expand.name
        );
        cases.add(
            format!("{}/expand/{}", operation.id, expand.name),
            reason,
            span,
            move |session| expanded(session, operation, expand),
        );
    }
    cases.add(
        format!("{}/fields", operation.id),
        "?fields= keeps the keys that it names",
        None,
        move |session| fields(session, operation),
    );
    for query in [
        "expand=no_such_relation",
        "fields=no_such_field",
        NO_PARAMETER,
    ] {
        if query == NO_PARAMETER && operation.unknown == Unknown::Ignore {
            continue;
        }
        let (name, _) = query.split_once('=').unwrap_or((query, ""));
        let reason = format!("?{query} can't be understood");
        cases.add(
            format!("{}/bad-query/{name}", operation.id),
            reason,
            None,
            move |session| {
                let (actor, row) = readable(session, operation)?;
                let path = format!("{}?{query}", session.path(operation, &row));
                let (request, reply) = session.send(actor, Request::new("GET", path))?;
                session.expect_refusal(
                    &request,
                    &reply,
                    &[Refusal::new(400, "bad-request", "parameters").at(name.to_owned())],
                )
            },
        );
    }
}

// ---- who asks ------------------------------------------------------------------------------------------------------

/// The caller who sees the most rows; they are made where there are few.
pub(super) fn lister<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<usize> {
    session.learn_instants(operation.entity.unwrap_or(EntityId(0)))?;
    let entity = operation.entity.unwrap_or(EntityId(0));
    for _ in 0..4 {
        if count(session, operation).1 >= 5 {
            break;
        }
        if let Err(Trouble::Failed(failure)) = session.make(entity, &Want::default()) {
            return Err(Trouble::Failed(failure));
        }
    }
    match count(session, operation) {
        (Some(actor), _) => Ok(actor),
        (None, _) => skip("no test sign-in may list"),
    }
}

fn count(session: &Session, operation: &Operation) -> (Option<usize>, usize) {
    let mut best = (None, 0);
    for actor in 0..session.actors.len() {
        let judge = session.judge(actor);
        if judge.admit(operation).is_some() {
            continue;
        }
        let rows = answer(&judge, operation, &Question::default()).len();
        if best.0.is_none() || rows > best.1 {
            best = (Some(actor), rows);
        }
    }
    best
}

fn readable<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<(usize, RowRef)> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let reader = |session: &Session<'p>, row: &RowRef| {
        let mut actors = (0..session.actors.len()).rev();
        actors.find(|actor| session.judge(*actor).admit_to(operation, row).is_none())
    };
    let row = session.seek(entity, &|session, row| reader(session, row).is_some())?;
    match reader(session, &row) {
        Some(actor) => Ok((actor, row)),
        None => unreached("nobody may read such a row"),
    }
}

// ---- what comes back -----------------------------------------------------------------------------------------------

fn ids(rows: &[RowRef]) -> Vec<String> {
    rows.iter().map(|row| row.id.clone()).collect()
}

fn shown_ids(reply: &Reply) -> Vec<String> {
    let data = reply
        .json
        .as_ref()
        .and_then(|json| json.get("data"))
        .and_then(Json::as_array);
    data.into_iter()
        .flatten()
        .filter_map(|row| id_from_json(row.get("id")?))
        .collect()
}

/// The first page, row by row and key by key.
pub(super) fn first_page<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
) -> Outcome<()> {
    let limit = operation.list.as_ref().map_or(20, |list| list.page_default) as usize;
    let judge = session.judge(actor);
    let rows = answer(&judge, operation, &Question::default());
    let more = rows.len() > limit;
    let data: Vec<Shown> = rows
        .iter()
        .take(limit)
        .map(|row| representation(&judge, row))
        .collect();
    let (request, reply) = session.send(actor, Request::new("GET", &operation.path))?;
    if reply.status == 200 && shown_ids(&reply) != ids(&rows[..rows.len().min(limit)]) {
        let got = shown_ids(&reply);
        return differs(&request, &ids(&rows[..rows.len().min(limit)]), &got);
    }
    let next = match more {
        true => Shown::Link,
        false => Shown::Exact(Json::Null),
    };
    let page = Shown::Object(vec![
        ("next".to_owned(), next),
        ("limit".to_owned(), Shown::Exact(limit.into())),
    ]);
    let shown = Shown::Object(vec![
        ("data".to_owned(), Shown::List(data)),
        ("page".to_owned(), page),
    ]);
    session.expect(&request, &reply, 200, Some(&shown))?;
    let link = reply.header("link").unwrap_or_default();
    match !more || link.contains("rel=\"next\"") {
        true => Ok(()),
        false => failed(&request, "Link with rel=\"next\"", link, Vec::new()),
    }
}

/// All rows that the caller may see, and no others.
pub(super) fn whole<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
) -> Outcome<()> {
    if let Some(refusal) = session.judge(actor).admit(operation) {
        let (request, reply) = session.send(actor, Request::new("GET", &operation.path))?;
        return session.expect_refusal(&request, &reply, &[refusal]);
    }
    let most = operation.list.as_ref().map_or(20, |list| list.page_max);
    followed(
        session,
        actor,
        operation,
        &Question::default(),
        most as usize,
        false,
    )
}

fn differs<T>(request: &Request, expected: &[String], got: &[String]) -> Outcome<T> {
    let missing: Vec<String> = expected
        .iter()
        .filter(|id| !got.contains(id))
        .map(|id| format!("{id} is missing"))
        .collect();
    let extra: Vec<String> = got
        .iter()
        .filter(|id| !expected.contains(id))
        .map(|id| format!("{id} should not be there"))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    let twice: Vec<String> = got
        .iter()
        .filter(|id| !seen.insert(*id))
        .map(|id| format!("{id} comes twice"))
        .collect();
    let mut differences = [missing, extra, twice].concat();
    if differences.is_empty() {
        differences.push("the order is another".to_owned());
    }
    differences.truncate(12);
    failed(
        request,
        &format!("{} rows: {}", expected.len(), brief(expected)),
        &format!("{} rows: {}", got.len(), brief(got)),
        differences,
    )
}

fn brief(ids: &[String]) -> String {
    let more = if ids.len() > 8 { ", …" } else { "" };
    let first: Vec<&str> = ids.iter().take(8).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
}

fn query_of(session: &Session, operation: &Operation, question: &Question) -> String {
    let Some(list) = &operation.list else {
        return String::new();
    };
    let mut parts = Vec::new();
    for (field, operator, values) in &question.filters {
        let Some(filter) = list.filters.iter().find(|filter| filter.field == *field) else {
            continue;
        };
        let dot = if operator.name().is_empty() { "" } else { "." };
        let values: Vec<String> = values
            .iter()
            .map(|value| text(session, *field, value))
            .collect();
        parts.push(format!(
            "{}{dot}{}={}",
            filter.name,
            operator.name(),
            values.join(",")
        ));
    }
    if let Some((field, descending)) = question.sort
        && let Some(sort) = list.sorts.iter().find(|sort| sort.field == field)
    {
        let sign = if descending { "-" } else { "" };
        parts.push(format!("sort={sign}{}", sort.name));
    }
    if let Some(words) = &question.words {
        parts.push(format!("q={}", encode(words)));
    }
    parts.join("&")
}

/// A value as a query string writes it.
fn text(session: &Session, field: FieldId, value: &Value) -> String {
    let json = match (value, &session.plan.model.field(field).kind) {
        (Value::Row(row), _) => reference_to_json(&session.world, row),
        (Value::Bool(value), _) => (*value).into(),
        (value, FieldKind::Scalar(scalar)) => to_json(value, scalar),
        _ => Json::Null,
    };
    match json {
        Json::String(text) => encode(&text),
        other => encode(&other.to_string()),
    }
}

/// Follows the pages to the end. With inserts, a row is created between the first two pages: it may be there or not,
/// but nothing else may be skipped or repeated.
fn followed<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    question: &Question,
    limit: usize,
    inserts: bool,
) -> Outcome<()> {
    let judge = session.judge(actor);
    let expected = ids(&answer(&judge, operation, question));
    let query = query_of(session, operation, question);
    let start = format!(
        "{}?limit={limit}{}{query}",
        operation.path,
        if query.is_empty() { "" } else { "&" }
    );
    let mut got: Vec<String> = Vec::new();
    let mut next = Some(start.clone());
    let mut last = Request::new("GET", &start);
    for page in 0..MOST_PAGES {
        let Some(path) = next.take() else { break };
        let (request, reply) = session.send(actor, Request::new("GET", path))?;
        session.expect(&request, &reply, 200, None)?;
        let rows = shown_ids(&reply);
        if rows.len() > limit {
            return failed(
                &request,
                &format!("at most {limit} rows"),
                &format!("{} rows", rows.len()),
                Vec::new(),
            );
        }
        got.extend(rows);
        let json = reply.json.unwrap_or_default();
        next = json["page"]["next"]
            .as_str()
            .map(|cursor| format!("{start}&cursor={}", encode(cursor)));
        last = request;
        if page == 0 && inserts {
            let entity = operation.entity.unwrap_or(EntityId(0));
            session.make(entity, &Want::default())?;
        }
    }
    if !inserts {
        return match got == expected {
            true => Ok(()),
            false => differs(&last, &expected, &got),
        };
    }
    let old: Vec<String> = got
        .iter()
        .filter(|id| expected.contains(id))
        .cloned()
        .collect();
    let known = session.world.of(operation.entity.unwrap_or(EntityId(0)));
    let known: Vec<String> = known.map(|row| row.id).collect();
    let strange = got.iter().any(|id| !known.contains(id));
    let mut once = got.clone();
    once.sort();
    once.dedup();
    match old == expected && !strange && once.len() == got.len() {
        true => Ok(()),
        false => differs(&last, &expected, &got),
    }
}

// ---- questions -----------------------------------------------------------------------------------------------------

fn filtered<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    filter: &'p Filter,
    operator: FilterOperator,
) -> Outcome<()> {
    let actor = lister(session, operation)?;
    let questions = questions(session, actor, operation, filter, operator);
    if questions.is_empty() {
        return unreached("no row has a value to filter by");
    }
    let limit = operation.list.as_ref().map_or(20, |list| list.page_max) as usize;
    for question in questions {
        followed(session, actor, operation, &question, limit, false)?;
    }
    Ok(())
}

/// Values of the rows themselves, the ones that tell most: those in the middle.
fn questions(
    session: &Session,
    actor: usize,
    operation: &Operation,
    filter: &Filter,
    operator: FilterOperator,
) -> Vec<Question> {
    let judge = session.judge(actor);
    let rows = answer(&judge, operation, &Question::default());
    let question = |values: Vec<Value>| Question {
        filters: vec![(filter.field, operator, values)],
        ..Question::default()
    };
    if operator == FilterOperator::Null {
        return vec![
            question(vec![Value::Bool(true)]),
            question(vec![Value::Bool(false)]),
        ];
    }
    let mut values: Vec<Value> = match session.plan.model.field(filter.field).kind {
        FieldKind::ToMany(_) => rows
            .iter()
            .flat_map(|row| session.world.many(row, filter.field))
            .map(Value::Row)
            .collect(),
        _ => rows
            .iter()
            .map(|row| session.world.value(row, filter.field))
            .filter(|value| !value.is_null())
            .collect(),
    };
    values.sort_by(|left, right| {
        let order = archwright_evaluate::compared(left, right).ok().flatten();
        order.unwrap_or_else(|| format!("{left:?}").cmp(&format!("{right:?}")))
    });
    values.dedup();
    // A list in a query string is split at commas.
    if operator == FilterOperator::In {
        values.retain(|value| !matches!(value, Value::Text(text) if text.contains(',')));
    }
    if values.is_empty() {
        return Vec::new();
    }
    let chosen = [values.len() / 2, 0, values.len() - 1];
    let mut chosen: Vec<usize> = chosen.to_vec();
    chosen.dedup();
    match operator {
        FilterOperator::In => {
            let some: Vec<Value> = chosen
                .iter()
                .take(2)
                .map(|index| values[*index].clone())
                .collect();
            vec![question(some), question(vec![values[chosen[0]].clone()])]
        }
        _ => chosen
            .into_iter()
            .map(|index| question(vec![values[index].clone()]))
            .collect(),
    }
}

fn sorted<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    sort: &'p Sort,
    descending: bool,
) -> Outcome<()> {
    let actor = lister(session, operation)?;
    let question = Question {
        sort: Some((sort.field, descending)),
        ..Question::default()
    };
    for limit in [
        3,
        operation.list.as_ref().map_or(20, |list| list.page_max) as usize,
    ] {
        followed(session, actor, operation, &question, limit, false)?;
    }
    Ok(())
}

fn searched<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let actor = lister(session, operation)?;
    let entity = operation.entity.unwrap_or(EntityId(0));
    let judge = session.judge(actor);
    let rows = answer(&judge, operation, &Question::default());
    let mut asked: Vec<String> = vec!["nosuchword".to_owned()];
    for field in session
        .plan
        .model
        .entity(entity)
        .fields
        .iter()
        .filter(|field| field.search)
    {
        let texts = rows
            .iter()
            .filter_map(|row| match session.world.value(row, field.id) {
                Value::Text(text) if text.is_ascii() => Some(text),
                _ => None,
            });
        let words: Vec<String> = texts
            .filter_map(|text| {
                let mut words = text
                    .split(|one: char| !one.is_alphanumeric())
                    .filter(|word| word.len() > 2);
                let (first, second) = (words.next()?.to_owned(), words.next());
                Some(second.map_or(first.clone(), |second| format!("{second} {first}")))
            })
            .collect();
        let Some(both) = words.get(words.len() / 2) else {
            continue;
        };
        let word = both.split(' ').next().unwrap_or(both).to_owned();
        asked.push(word.to_uppercase());
        asked.push(word.chars().take(3).collect());
        asked.push(both.clone());
    }
    let limit = operation.list.as_ref().map_or(20, |list| list.page_max) as usize;
    for words in asked {
        let question = Question {
            words: Some(words),
            ..Question::default()
        };
        followed(session, actor, operation, &question, limit, false)?;
    }
    Ok(())
}

fn limited(
    session: &mut Session,
    actor: usize,
    operation: &Operation,
    limit: Option<u32>,
    expected: u32,
) -> Outcome<()> {
    let path = match limit {
        Some(limit) => format!("{}?limit={limit}", operation.path),
        None => operation.path.clone(),
    };
    let (request, reply) = session.send(actor, Request::new("GET", path))?;
    session.expect(&request, &reply, 200, None)?;
    let json = reply.json.clone().unwrap_or_default();
    let rows = shown_ids(&reply).len();
    match json["page"]["limit"] == expected && rows <= expected as usize {
        true => Ok(()),
        false => failed(
            &request,
            &format!("a page whose limit is {expected}"),
            &format!("{} and {rows} rows", json["page"]),
            Vec::new(),
        ),
    }
}

fn bad_query<'p>(session: &mut Session<'p>, operation: &'p Operation, query: &str) -> Outcome<()> {
    let mut actors = 0..session.actors.len();
    let Some(actor) = actors.find(|actor| session.judge(*actor).admit(operation).is_none()) else {
        return skip("no test sign-in may list");
    };
    let (name, _) = query.split_once('=').unwrap_or((query, ""));
    let (request, reply) = session.send(
        actor,
        Request::new("GET", format!("{}?{query}", operation.path)),
    )?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(400, "bad-request", "parameters").at(name.to_owned())],
    )
}

fn foreign_cursor<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    list: &'p ListOptions,
) -> Outcome<()> {
    let actor = lister(session, operation)?;
    let (request, reply) = session.send(
        actor,
        Request::new("GET", format!("{}?limit=1", operation.path)),
    )?;
    session.expect(&request, &reply, 200, None)?;
    let json = reply.json.unwrap_or_default();
    let Some(cursor) = json["page"]["next"].as_str() else {
        return unreached("there are too few rows for a second page");
    };
    let other = match (list.sorts.first(), list.search) {
        (Some(sort), _) => format!("sort={}", sort.name),
        (None, true) => "q=word".to_owned(),
        (None, false) => return skip("the list takes one question alone"),
    };
    let path = format!(
        "{}?limit=1&{other}&cursor={}",
        operation.path,
        encode(cursor)
    );
    let (request, reply) = session.send(actor, Request::new("GET", path))?;
    session.expect_refusal(
        &request,
        &reply,
        &[Refusal::new(400, "bad-request", "cursors").at("cursor".to_owned())],
    )
}

// ---- shapes --------------------------------------------------------------------------------------------------------

fn expanded<'p>(
    session: &mut Session<'p>,
    operation: &'p Operation,
    expand: &'p Expand,
) -> Outcome<()> {
    let entity = operation.entity.unwrap_or(EntityId(0));
    let full = |session: &Session<'p>, row: &RowRef| {
        let mut actors = 0..session.actors.len();
        actors.any(|actor| session.judge(actor).admit_to(operation, row).is_none())
            && !related(session, row, expand).is_empty()
    };
    let row = match session.seek(entity, &full) {
        Ok(row) => row,
        Err(Trouble::Failed(failure)) => return Err(Trouble::Failed(failure)),
        Err(Trouble::Skipped(_) | Trouble::Unreached(_)) => readable(session, operation)?.1,
    };
    for actor in 0..session.actors.len() {
        if session.judge(actor).admit_to(operation, &row).is_none() {
            expand_row(session, actor, operation, &row, expand)?;
        }
    }
    Ok(())
}

fn related(session: &Session, row: &RowRef, expand: &Expand) -> Vec<RowRef> {
    match expand.many {
        true => session.world.many(row, expand.field),
        false => session
            .world
            .target(row, expand.field)
            .into_iter()
            .collect(),
    }
}

/// One row with one relation expanded.
pub(super) fn expand_row<'p>(
    session: &mut Session<'p>,
    actor: usize,
    operation: &'p Operation,
    row: &RowRef,
    expand: &Expand,
) -> Outcome<()> {
    let judge = session.judge(actor);
    let Shown::Object(mut members) = representation(&judge, row) else {
        return skip("no row");
    };
    let mut rows: Vec<RowRef> = related(session, row, expand)
        .into_iter()
        .filter(|row| judge.may_read(row))
        .collect();
    let numeric = |row: &RowRef| row.id.parse::<i64>().unwrap_or_default();
    rows.sort_by_key(|row| (numeric(row), row.id.clone()));
    rows.truncate(session.plan.model.api.page_max as usize);
    let unknown = !expand.many
        && session
            .world
            .get(row)
            .is_some_and(|row| !row.values.contains_key(&expand.field.index));
    let shown = match (expand.many, rows.first()) {
        _ if unknown => Shown::Anything,
        (true, _) => Shown::List(rows.iter().map(|row| representation(&judge, row)).collect()),
        (false, Some(row)) => representation(&judge, row),
        (false, None) => Shown::Exact(Json::Null),
    };
    members.push((expand.name.clone(), shown));
    let path = format!("{}?expand={}", session.path(operation, row), expand.name);
    let (request, reply) = session.send(actor, Request::new("GET", path))?;
    session.expect(&request, &reply, 200, Some(&Shown::Object(members)))
}

fn fields<'p>(session: &mut Session<'p>, operation: &'p Operation) -> Outcome<()> {
    let (actor, row) = readable(session, operation)?;
    let Shown::Object(members) = representation(&session.judge(actor), &row) else {
        return skip("no row");
    };
    let mut some = members;
    let last = some.pop();
    some.truncate(1);
    some.extend(last);
    let names: Vec<&str> = some.iter().map(|(name, _)| name.as_str()).collect();
    let path = format!(
        "{}?fields={}",
        session.path(operation, &row),
        names.join(",")
    );
    let (request, reply) = session.send(actor, Request::new("GET", path))?;
    session.expect(&request, &reply, 200, Some(&Shown::Object(some)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_a_list_is_said() {
        let text = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let result: Outcome<()> = differs(
            &Request::new("GET", "/"),
            &text(&["a", "b"]),
            &text(&["b", "c", "c"]),
        );
        let Err(Trouble::Failed(failure)) = result else {
            panic!("it should fail")
        };
        assert_eq!(
            failure.differences,
            [
                "a is missing",
                "c should not be there",
                "c should not be there",
                "c comes twice"
            ]
        );
    }
}
