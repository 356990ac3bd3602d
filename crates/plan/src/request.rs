//! What an operation reads of a request, and when its reply can be said to be unchanged.

use crate::{CallerClass, Operation, OperationKind, OutputSource, Plan};
use archwright_model::{
    self as model, EntityId, Expression, ExpressionKind, Method, Model, ScalarType, Shape,
};

/// What comes after the head of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// None is read.
    None,
    /// Nothing, or a JSON object without keys: the operation takes no input, and says so to whoever gives some.
    Empty,
    Json,
    /// JSON Merge Patch (RFC 7396), or the same as plain JSON.
    MergePatch,
    /// Bytes, as they are or as the one part of `multipart/form-data`.
    File,
}

/// The class of rates in which a call that holds a password counts too, by address: to try one costs the server more
/// than anything else.
pub const PASSWORD_RATE: &str = "sign-in";

impl RequestBody {
    /// Whether there is something in it that can be mended.
    pub fn carries_input(self) -> bool {
        !matches!(self, Self::None | Self::Empty)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Empty => "empty",
            Self::Json => "json",
            Self::MergePatch => "merge-patch",
            Self::File => "file",
        }
    }
}

impl Operation {
    pub fn body(&self, model: &Model) -> RequestBody {
        use OperationKind as Kind;
        let of_inputs = |is_empty: bool| match (is_empty, self.method) {
            (false, _) => RequestBody::Json,
            (true, Method::Get | Method::Delete) => RequestBody::None,
            (true, _) => RequestBody::Empty,
        };
        match self.kind {
            Kind::Create
            | Kind::SignUp
            | Kind::SignIn
            | Kind::Refresh
            | Kind::ChangePassword
            | Kind::SetRoles => RequestBody::Json,
            Kind::Update => RequestBody::MergePatch,
            Kind::Upload(_) => RequestBody::File,
            Kind::Move(index) => {
                let state = self.entity.and_then(|of| model.entity(of).state.as_ref());
                of_inputs(state.is_none_or(|machine| machine.moves[index].input.is_empty()))
            }
            Kind::Named(index) => of_inputs(model.operations[index].body_input.is_empty()),
            Kind::List
            | Kind::Get
            | Kind::Me
            | Kind::Download
            | Kind::Delete
            | Kind::Link(_)
            | Kind::Unlink(_)
            | Kind::RemoveFile(_)
            | Kind::SignOut => RequestBody::None,
        }
    }

    /// Whether a repetition could have its effect twice, so that it takes a key which tells it from the first. Not where
    /// passwords come in or tokens go out: neither is kept for a repetition.
    pub(crate) fn takes_idempotency_key(&self, model: &Model) -> bool {
        match self.kind {
            OperationKind::Create | OperationKind::Move(_) => true,
            OperationKind::Named(index) => {
                let named = &model.operations[index];
                let is_secret = named.handles_secrets() || tells_token(named);
                self.method == Method::Post && named.writes() && !is_secret
            }
            _ => false,
        }
    }

    /// Whether a token is looked at. An old one must not keep anybody from signing in, and a download's link is its own
    /// permission.
    pub fn reads_token(&self, model: &Model) -> bool {
        match self.kind {
            OperationKind::SignUp
            | OperationKind::SignIn
            | OperationKind::Refresh
            | OperationKind::Download => false,
            OperationKind::Named(index) => {
                let mut guard = self.guard.iter();
                let open = guard.any(|one| one.caller == CallerClass::Anyone && one.when.is_none());
                !(open && model.operations[index].proves_who())
            }
            _ => true,
        }
    }

    /// Whether the rate is counted for the address, whoever calls: where somebody proves who they are.
    pub fn counts_by_address(&self) -> bool {
        use OperationKind::{ChangePassword, Refresh, SignIn, SignOut, SignUp};
        self.rate == PASSWORD_RATE
            || matches!(
                self.kind,
                SignUp | SignIn | Refresh | SignOut | ChangePassword
            )
    }
}

/// Whether the token that a call came with goes out again.
fn tells_token(operation: &model::Operation) -> bool {
    fn is_in(value: &Expression) -> bool {
        let mut found = false;
        value.walk(&mut |part| found |= matches!(part.kind, ExpressionKind::CallerToken));
        found
    }
    fn is_shown(shape: &Shape) -> bool {
        match shape {
            Shape::Nothing => false,
            Shape::Value(of) | Shape::Show { of, .. } => is_in(of),
            Shape::Object(parts) => parts.iter().any(|(_, part)| is_shown(part)),
            Shape::IfPresent(inner) => is_shown(inner),
            Shape::If {
                test,
                then,
                otherwise,
            } => is_in(test) || is_shown(then) || otherwise.iter().any(|part| is_shown(part)),
            Shape::Each { list, item, .. } => is_in(list) || is_shown(item),
        }
    }
    let mut headers = operation.headers.iter();
    headers.any(|(_, value)| is_in(value))
        || operation.replies.iter().any(|(_, shape)| is_shown(shape))
}

impl Plan {
    /// Whether the version of the row says all about the reply, so that `If-None-Match` can be answered with 304 (RFC
    /// 9110, 13.1.2).
    pub fn revalidates(&self, operation: &Operation) -> bool {
        operation.method == Method::Get
            && operation.etag
            && operation
                .entity
                .is_some_and(|entity| self.stands_alone(entity))
    }

    /// True where a representation changes with the row's version alone: nothing in it is computed, comes from other
    /// rows, expires, or depends on who looks.
    fn stands_alone(&self, entity: EntityId) -> bool {
        self.resource(entity).output.iter().all(|output| {
            let own = match output.source {
                OutputSource::Id | OutputSource::Version => true,
                OutputSource::Field(field) => {
                    let field = self.model.field(field);
                    let file = matches!(field.scalar(), Some(ScalarType::File { .. }));
                    field.computed.is_none() && !file
                }
                OutputSource::Reference(field) => {
                    let relation = self.model.field(field).to_one();
                    relation.is_some_and(|one| self.model.entity(one.target).key.is_none())
                }
                OutputSource::Parts(field) => {
                    let relation = self.model.field(field).to_many();
                    relation.is_some_and(|many| self.stands_alone(many.target))
                }
                OutputSource::Roles => false,
            };
            own && output.visible.is_empty()
        })
    }
}
