//! The query string of a list: every fault in it, or the question that it asks.

use super::cursor::{Cursor, question};
use super::value::scalar_value;
use super::{FilterShape, Page, SortShape, stored_value};
use crate::connection::Value;
use crate::represent::{INSTANTS, Shaping, canonical_uuid, parse_expand, parse_fields};
use crate::unknown::{is_enough, listed};
use crate::{Call, Fault, Shared};
use archwright_plan::limits::{LISTED_VALUES, SEARCH_CHARACTERS};
use archwright_plan::model::{EntityId, FieldId, FieldKind, ScalarType, Unknown};
use archwright_plan::{Filter, FilterOperator, ListOptions, Operation, Plan, nearest};
use archwright_sql::Dialect;
use unicode_normalization::UnicodeNormalization;

/// What shapes a reply.
pub(super) const SHAPING: [&str; 2] = ["expand", "fields"];
const MOST_SEARCHED_WORDS: usize = 16;

/// The form of the question and its values.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub page: Page,
    pub shaping: Shaping,
    pub limit: u32,
    /// In the order that [`Page`] gives, without the limit.
    pub values: Vec<Value>,
    /// What a cursor for the next page is good for.
    pub hash: u64,
}

/// A parameter that is not among the known ones.
pub(super) fn unknown<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
    let message = crate::unknown::unknown("parameter", name, known);
    fault(name, "unknown", message)
}

fn fault(at: &str, code: &'static str, message: String) -> Fault {
    Fault {
        at: at.to_owned(),
        code,
        message,
    }
}

/// What was read so far.
struct Reader<'a> {
    plan: &'a Plan,
    dialect: Dialect,
    entity: EntityId,
    operation: &'a Operation,
    options: &'a ListOptions,
    page: Page,
    shaping: Shaping,
    limit: u32,
    /// Values of the filters, in order.
    values: Vec<Value>,
    words: Option<Vec<String>>,
    cursor: Option<Cursor>,
    faults: Vec<Fault>,
}

pub(super) fn parse(
    shared: &Shared,
    entity: EntityId,
    operation: &Operation,
    options: &ListOptions,
    call: &Call,
) -> Result<Question, Vec<Fault>> {
    let mut reader = Reader {
        plan: &shared.plan,
        dialect: shared.dialect,
        entity,
        operation,
        options,
        page: Page::plain(call.operation),
        shaping: Shaping::default(),
        limit: options.page_default,
        values: Vec::new(),
        words: None,
        cursor: None,
        faults: Vec::new(),
    };
    let ignored = |name: &str| operation.unknown == Unknown::Ignore && !reader.knows(name);
    let query = call.query.iter().filter(|(name, _)| !ignored(name));
    let query: Vec<&(String, String)> = query.collect();
    for (index, (name, text)) in query.iter().enumerate() {
        if is_enough(&reader.faults) {
            break;
        }
        if query[..index].iter().any(|(earlier, _)| earlier == name) {
            reader.faults.push(fault(
                name,
                "duplicate",
                format!("The parameter {name:?} is given twice."),
            ));
        } else {
            reader.parameter(name, text);
        }
    }
    let hash = hash(&query, operation);
    reader.finish(hash)
}

/// The order of parameters doesn't matter, nor do those that only shape the reply.
fn hash(query: &[&(String, String)], operation: &Operation) -> u64 {
    let asks = |name: &str| !matches!(name, "cursor" | "limit" | "expand" | "fields");
    let mut parts: Vec<(&str, &str)> = query
        .iter()
        .filter(|(name, _)| asks(name))
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    parts.sort_unstable();
    question(
        [operation.id.as_str()]
            .into_iter()
            .chain(parts.into_iter().flat_map(|(name, text)| [name, text])),
    )
}

impl Reader<'_> {
    fn parameter(&mut self, name: &str, text: &str) {
        match name {
            "limit" => self.limit(text),
            "cursor" => match Cursor::decode(text) {
                Some(cursor) => self.cursor = Some(cursor),
                None => self.bad_cursor(),
            },
            "sort" => self.sort(text),
            "q" if self.options.search => self.search(text),
            "expand" if self.operation.shapes_reply => {
                self.shaping.expand = parse_expand(self.plan, self.entity, text, &mut self.faults);
            }
            "fields" if self.operation.shapes_reply => {
                let resource = self.plan.resource(self.entity);
                self.shaping.fields = Some(parse_fields(resource, text, &mut self.faults));
            }
            _ => self.filter(name, text),
        }
    }

    fn bad_cursor(&mut self) {
        let message =
            "The cursor doesn't belong to this question; begin again without it.".to_owned();
        self.faults.push(fault("cursor", "format", message));
    }

    fn limit(&mut self, text: &str) {
        let max = self.options.page_max;
        match text.parse::<u32>() {
            Ok(limit) if (1..=max).contains(&limit) => self.limit = limit,
            Ok(0) => self.faults.push(fault(
                "limit",
                "too-small",
                "The limit must be at least 1.".to_owned(),
            )),
            Ok(_) => self.faults.push(fault(
                "limit",
                "too-large",
                format!("The limit must be at most {max}."),
            )),
            Err(_) => {
                let message = format!("The limit must be a number from 1 to {max}.");
                self.faults.push(fault("limit", "type", message));
            }
        }
    }

    fn sort(&mut self, text: &str) {
        let (descending, name) = text
            .strip_prefix('-')
            .map_or((false, text), |name| (true, name));
        if let Some(sort) = self.options.sorts.iter().position(|sort| sort.name == name) {
            self.page.sort = Some(SortShape { sort, descending });
            return;
        }
        let offered = self.options.sorts.iter().map(|sort| sort.name.as_str());
        let offered: Vec<&str> = offered.collect();
        let message = match listed(&offered, "or") {
            None => "The list can't be sorted.".to_owned(),
            Some(keys) => {
                let keys = format!("{keys}, with `-` before it for the other way round.");
                match (text.contains(','), nearest(name, offered.iter().copied())) {
                    (true, _) => format!("The list is sorted by one key, not by several: {keys}"),
                    (false, None) => format!("The list can be sorted by {keys}"),
                    (false, Some(near)) => {
                        format!("The list can be sorted by {keys} Did you mean {near:?}?")
                    }
                }
            }
        };
        self.faults.push(fault("sort", "one-of", message));
    }

    /// Words of letters and digits, of which nothing is taken as syntax.
    fn search(&mut self, text: &str) {
        if text.chars().count() > SEARCH_CHARACTERS {
            let message = format!("The search must have at most {SEARCH_CHARACTERS} characters.");
            self.faults.push(fault("q", "too-long", message));
            return;
        }
        let words = words(text);
        // Nothing but punctuation is found nowhere.
        if !words.is_empty() || !text.trim().is_empty() {
            self.words = Some(words);
        }
    }

    /// Whether the list has a parameter of that name.
    fn knows(&self, name: &str) -> bool {
        // A field that the list can't be filtered by, or not so, is no unknown one.
        let base = name.split('.').next().unwrap_or(name);
        let mut refused = self.options.not_filterable.iter();
        let mut is_field = || refused.any(|(known, _)| known == base);
        match name {
            "limit" | "cursor" | "sort" => true,
            "q" if self.options.search => true,
            "expand" | "fields" if self.operation.shapes_reply => true,
            _ => self.named_filter(name).is_some() || is_field(),
        }
    }

    /// A filter, and what stands behind the dot.
    fn named_filter<'n>(&self, name: &'n str) -> Option<(usize, &'n str)> {
        let filters = &self.options.filters;
        let position = |base: &str| filters.iter().position(|filter| filter.name == base);
        let exact = position(name).map(|index| (index, ""));
        exact.or_else(|| {
            let (base, operator) = name.rsplit_once('.')?;
            Some((position(base)?, operator))
        })
    }

    fn filter(&mut self, name: &str, text: &str) {
        let filters = &self.options.filters;
        let Some((index, operator_name)) = self.named_filter(name) else {
            let known = self.known();
            let fault = unknown(name, known.iter().map(String::as_str));
            self.faults.push(fault);
            return;
        };
        let filter = &filters[index];
        match filter
            .operators
            .iter()
            .position(|operator| operator.name() == operator_name)
        {
            Some(operator) => self.filter_values(filter, index, operator, name, text),
            None => {
                let forms: Vec<String> = forms(filter).collect();
                let fault = unknown(name, forms.iter().map(String::as_str));
                self.faults.push(fault);
            }
        }
    }

    /// The parameters of the list, each filter once.
    fn known(&self) -> Vec<String> {
        let mut known = vec!["limit", "cursor"];
        if !self.options.sorts.is_empty() {
            known.push("sort");
        }
        if self.options.search {
            known.push("q");
        }
        if self.operation.shapes_reply {
            known.extend(SHAPING);
        }
        known.extend(self.options.filters.iter().filter_map(|filter| {
            let plain = filter.operators.contains(&FilterOperator::Equal);
            plain.then_some(filter.name.as_str())
        }));
        known.into_iter().map(str::to_owned).collect()
    }

    fn filter_values(
        &mut self,
        filter: &Filter,
        index: usize,
        operator: usize,
        name: &str,
        text: &str,
    ) {
        let mut shape = FilterShape {
            filter: index,
            operator,
            values: 0,
            missing: false,
        };
        let texts: Vec<&str> = match filter.operators[operator] {
            FilterOperator::Null => {
                match text {
                    "true" => shape.missing = true,
                    "false" => {}
                    _ => self.faults.push(fault(
                        name,
                        "type",
                        "It must be true or false.".to_owned(),
                    )),
                }
                Vec::new()
            }
            FilterOperator::In => text.split(',').collect(),
            _ => vec![text],
        };
        if texts.len() > LISTED_VALUES {
            let message = format!("At most {LISTED_VALUES} values can be listed.");
            self.faults.push(fault(name, "too-many", message));
            return;
        }
        shape.values = texts.len();
        for text in texts {
            match stored_value(self.plan, filter.field, text) {
                Some(value) => self.values.push(value),
                None => self.faults.push(bad_value(self.plan, filter, name, text)),
            }
        }
        self.page.filters.push(shape);
    }

    fn finish(mut self, hash: u64) -> Result<Question, Vec<Fault>> {
        if self
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.question != hash || !self.fits(cursor))
        {
            self.bad_cursor();
        }
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let mut values = self.values;
        if let Some(words) = self.words {
            self.page.search = true;
            values.push(searched(self.dialect, &words));
        }
        if let Some(cursor) = self.cursor {
            self.page.after = Some(cursor.sort == Value::Null);
            values.extend([cursor.sort, cursor.id]);
        }
        Ok(Question {
            page: self.page,
            shaping: self.shaping,
            limit: self.limit,
            values,
            hash,
        })
    }

    /// Types only: values of a forged cursor show nothing that the guard doesn't allow.
    fn fits(&self, cursor: &Cursor) -> bool {
        use archwright_plan::model::IdType;
        let id = match (self.plan.model.entity(self.entity).id_type, &cursor.id) {
            (IdType::Uuid, Value::Text(id)) => canonical_uuid(id).is_some(),
            (IdType::Int, Value::Integer(_)) => true,
            _ => false,
        };
        let sort = match &self.page.sort {
            None => cursor.sort == Value::Null,
            Some(shape) => self.sorts(self.options.sorts[shape.sort].field, &cursor.sort),
        };
        id && sort
    }

    /// Whether a field may have such a value.
    fn sorts(&self, field: FieldId, value: &Value) -> bool {
        match (self.plan.model.field(field).scalar(), value) {
            (_, Value::Null) => true,
            (Some(ScalarType::DateTime), Value::Integer(instant)) => INSTANTS.contains(instant),
            (
                Some(
                    ScalarType::Int
                    | ScalarType::BigInt
                    | ScalarType::Decimal { .. }
                    | ScalarType::Bool,
                ),
                value,
            ) => matches!(value, Value::Integer(_)),
            (Some(scalar), Value::Text(text)) => scalar_value(scalar, text).is_some(),
            _ => false,
        }
    }
}

/// A filter with each of its operators: `price`, `price.lt`.
fn forms(filter: &Filter) -> impl Iterator<Item = String> {
    let operators = filter.operators.iter();
    operators.map(|operator| match operator.name() {
        "" => filter.name.clone(),
        suffix => format!("{}.{suffix}", filter.name),
    })
}

/// The words of a search in the form of those of an index: the letters a to z without accents, whatever way these were
/// written, and no accents on their own.
fn words(text: &str) -> Vec<String> {
    let is_accent = |letter: char| ('\u{300}'..='\u{36f}').contains(&letter);
    let mut is_latin = false;
    let plain = text.nfd().filter(|letter| {
        is_latin = letter.is_ascii_alphabetic() || is_latin && is_accent(*letter);
        letter.is_ascii() || !is_latin
    });
    let plain: String = plain.nfc().filter(|letter| !is_accent(*letter)).collect();
    let words = plain.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.take(MOST_SEARCHED_WORDS).map(str::to_owned).collect()
}

/// Each word as the beginning of one, in the query language of FTS5 or of `tsquery`. Without words no row matches.
fn searched(dialect: Dialect, words: &[String]) -> Value {
    let joined = |words: &mut dyn Iterator<Item = String>, between: &str| {
        Value::Text(words.collect::<Vec<_>>().join(between))
    };
    let words = words.iter();
    match dialect {
        Dialect::Sqlite if words.len() == 0 => Value::Text("\"\"".to_owned()),
        Dialect::Sqlite => joined(&mut words.map(|word| format!("\"{word}\"*")), " "),
        Dialect::Postgres => joined(&mut words.map(|word| format!("'{word}':*")), " & "),
    }
}

fn bad_value(plan: &Plan, filter: &Filter, name: &str, text: &str) -> Fault {
    match &plan.model.field(filter.field).kind {
        FieldKind::Scalar(ScalarType::Enum { values }) => fault(
            name,
            "one-of",
            format!("{text:?} is none of {}.", values.join(", ")),
        ),
        FieldKind::Scalar(scalar) => {
            fault(name, "type", format!("{text:?} is no {}.", scalar.name()))
        }
        FieldKind::ToOne(_) | FieldKind::ToMany(_) => fault(
            name,
            "format",
            format!("{text:?} is no id that could be found here."),
        ),
    }
}
