//! What is settled about an operation before the first request: who answers it, what it reads, what it says.

use archwright_plan::model::Model;
use archwright_plan::{Operation, OperationKind, PASSWORD_RATE, Plan, RequestBody};
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

pub(crate) struct Prepared {
    /// `Operation::id`, for logs and metrics.
    pub id: Arc<str>,
    pub answerer: Answerer,
    pub is_named: bool,
    /// Passwords are in its input, or new tokens in its reply.
    pub handles_secrets: bool,
    pub body: RequestBody,
    /// Whether `Authorization` is looked at.
    pub reads_token: bool,
    /// Counted by address, whoever calls: signing in.
    pub counts_address: bool,
    /// Position in `Api::rates`.
    pub rate: usize,
    /// The same for a call with a password, where that is another class.
    pub password_rate: Option<usize>,
    /// Those that a named operation declares.
    pub headers: Vec<HeaderName>,
    pub takes_query: bool,
    /// Answers `Link`.
    pub is_list: bool,
    /// The version says all about the reply, so that `If-None-Match` can be answered with 304.
    pub revalidates: bool,
    pub deprecation: Option<HeaderValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answerer {
    Read,
    Write,
    Accounts,
    Upload,
    Download,
}

impl Prepared {
    /// `now` in seconds since 1970: an operation that will go away is deprecated from then on at the latest.
    pub(crate) fn new(plan: &Plan, operation: &Operation, now: i64) -> Self {
        let rates = &plan.model.api.rates;
        let class = |of: &str| rates.iter().position(|(name, _)| name == of);
        let named = match operation.kind {
            OperationKind::Named(index) => Some(&plan.model.operations[index]),
            _ => None,
        };
        let deprecation = operation.until.map(|_| format!("@{now}"));
        Self {
            id: operation.id.as_str().into(),
            answerer: answerer(&operation.kind),
            is_named: named.is_some(),
            handles_secrets: named.is_some_and(|named| named.handles_secrets()),
            body: operation.body(&plan.model),
            reads_token: plan.model.account.is_some() && operation.reads_token(&plan.model),
            counts_address: operation.counts_by_address(),
            rate: class(&operation.rate).unwrap_or_default(),
            password_rate: class(PASSWORD_RATE)
                .filter(|_| named.is_some() && operation.rate != PASSWORD_RATE),
            headers: headers(&plan.model, &operation.kind),
            is_list: operation.list.is_some(),
            takes_query: operation.list.is_some() || operation.shapes_reply || named.is_some(),
            revalidates: plan.revalidates(operation),
            deprecation: deprecation.and_then(|text| HeaderValue::try_from(text).ok()),
        }
    }
}

fn answerer(kind: &OperationKind) -> Answerer {
    use OperationKind as Kind;
    match kind {
        Kind::List | Kind::Get | Kind::Me => Answerer::Read,
        Kind::SignUp | Kind::SignIn | Kind::Refresh | Kind::SignOut | Kind::ChangePassword => {
            Answerer::Accounts
        }
        Kind::Upload(_) => Answerer::Upload,
        Kind::Download => Answerer::Download,
        Kind::Create
        | Kind::Update
        | Kind::Delete
        | Kind::Move(_)
        | Kind::Link(_)
        | Kind::Unlink(_)
        | Kind::RemoveFile(_)
        | Kind::SetRoles
        | Kind::Named(_) => Answerer::Write,
    }
}

fn headers(model: &Model, kind: &OperationKind) -> Vec<HeaderName> {
    let OperationKind::Named(index) = kind else {
        return Vec::new();
    };
    let declared = model.operations[*index].header_input.iter();
    let names = declared.map(|input| HeaderName::try_from(input.name.as_str()));
    names.filter_map(Result::ok).collect()
}
