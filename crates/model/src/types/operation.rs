//! Named operations: what they take, and how views show rows.

use super::{
    EntityId, Evolution, Grant, Literal, Otherwise, Rate, RoleId, ScalarType, Shape, Step,
    StepKind, Unknown, ViewId,
};
use crate::Expression;
use archwright_diagnostics::Span;

/// A field of a request that belongs to no entity.
#[derive(Clone, Debug)]
pub struct InputField {
    pub name: String,
    pub about: String,
    pub kind: InputKind,
    /// May be left out.
    pub optional: bool,
    /// May be null.
    pub nullable: bool,
    pub default: Option<Literal>,
    pub min: Option<Literal>,
    pub max: Option<Literal>,
    pub pattern: Option<String>,
    /// An empty text means null.
    pub blank_as_null: bool,
    /// A password: of the body, and not to be shown or kept.
    pub secret: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum InputKind {
    Scalar(ScalarType),
    /// Takes the id (or natural key) of a row.
    Reference(EntityId),
    /// Of at most 1,000 items.
    List(Box<InputKind>),
    Object(Vec<InputField>),
}

#[derive(Clone, Debug)]
pub struct View {
    pub id: ViewId,
    pub name: String,
    pub of: EntityId,
    /// Over a row as `This`. Bindings of its own `each` are numbered from 0, apart from those of an operation.
    pub show: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A named operation: a short transaction, then a reply.
#[derive(Clone, Debug)]
pub struct Operation {
    pub name: String,
    pub about: String,
    pub method: Method,
    /// Below the API's base, with `{names}`.
    pub path: String,
    pub by: Vec<Grant>,
    /// A key of [`Api::rates`].
    pub rate: String,
    pub unknown: Unknown,
    pub path_input: Vec<InputField>,
    pub query_input: Vec<InputField>,
    pub header_input: Vec<InputField>,
    pub body_input: Vec<InputField>,
    pub steps: Vec<Step>,
    pub replies: Vec<(u16, Shape)>,
    /// Headers of the reply when nothing fails, all of them texts; a missing one is left out.
    pub headers: Vec<(String, Expression)>,
    pub workload: Option<Rate>,
    pub evolution: Evolution,
    pub span: Span,
}

/// What the shapes of errors call `by_field`: an object of lists of texts.
pub const BY_FIELD: BindingId = BindingId(5);

/// A name that a step binds, by its position among all bindings of its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingId(pub usize);

pub(crate) fn proves_who(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Create { sign_up, .. } => sign_up.is_some(),
        StepKind::SignIn { .. } => true,
        StepKind::Each { steps, .. } => proves_who(steps),
        _ => false,
    })
}

/// What a new account signs in with.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The path of a required text of the body.
    pub password: Vec<String>,
    pub role: RoleId,
}

impl Operation {
    /// Whether a step makes an account that can sign in, or signs in to one.
    pub fn proves_who(&self) -> bool {
        proves_who(&self.steps)
    }

    /// Whether a step changes anything.
    pub fn writes(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match &step.kind {
                StepKind::Find { .. } | StepKind::List { .. } | StepKind::Guard { .. } => false,
                StepKind::Each { steps, .. } => any(steps),
                _ => true,
            })
        }
        any(&self.steps)
    }

    /// The bodies of its replies by status: its own, then those of steps that refuse.
    pub fn bodies(&self) -> Vec<(u16, Vec<&Shape>)> {
        fn refusals<'a>(steps: &'a [Step], found: &mut Vec<(u16, &'a Shape)>) {
            for step in steps {
                if let (Otherwise::Status(status), Some(shape)) = (step.otherwise, &step.refusal) {
                    found.push((status, shape));
                }
                if let StepKind::Each { steps, .. } = &step.kind {
                    refusals(steps, found);
                }
            }
        }
        let mut all: Vec<(u16, &Shape)> = Vec::new();
        all.extend(self.replies.iter().map(|(status, shape)| (*status, shape)));
        refusals(&self.steps, &mut all);
        let mut bodies: Vec<(u16, Vec<&Shape>)> = Vec::new();
        for (status, shape) in all {
            match bodies.iter_mut().find(|(known, _)| *known == status) {
                Some((_, shapes)) => shapes.push(shape),
                None => bodies.push((status, vec![shape])),
            }
        }
        bodies
    }

    /// Whether passwords, or tokens that prove who somebody is, are in what it takes or gives.
    pub fn handles_secrets(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match &step.kind {
                StepKind::Create { sign_up, .. } => sign_up.is_some(),
                StepKind::Update { password, .. } => password.is_some(),
                StepKind::SignIn { .. } | StepKind::Token { .. } => true,
                StepKind::Each { steps, .. } => any(steps),
                _ => false,
            })
        }
        any(&self.steps)
    }
}
