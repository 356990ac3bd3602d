//! What belongs together in documents: the operations of a resource, and those of none.

use crate::{Operation, OperationKind};
use archwright_model::{EntityId, Model};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Resource(EntityId),
    Operations,
    Files,
    SignIn,
}

impl Tag {
    pub fn of(operation: &Operation) -> Self {
        use OperationKind::{ChangePassword, Download, Me, Refresh, SignIn, SignOut, SignUp};
        match (&operation.kind, operation.entity) {
            (Download, _) => Self::Files,
            (SignUp | SignIn | Refresh | SignOut | Me | ChangePassword, _) => Self::SignIn,
            (_, Some(entity)) => Self::Resource(entity),
            (_, None) => Self::Operations,
        }
    }

    pub fn title(self, model: &Model) -> String {
        match self {
            Self::Resource(entity) => words(&model.entity(entity).plural),
            Self::Operations => "Operations".to_owned(),
            Self::Files => "Files".to_owned(),
            Self::SignIn => "Sign-in".to_owned(),
        }
    }

    /// A sentence or more; empty for a resource that the design says nothing about.
    pub fn about(self, model: &Model) -> &str {
        match self {
            Self::Resource(entity) => model.entity(entity).about.trim(),
            Self::Operations => "What belongs to no single resource.",
            Self::Files => "The bytes of stored files.",
            Self::SignIn => "Accounts, tokens and passwords.",
        }
    }
}

/// `order-lines` or `OrderLines` as `Order lines`.
pub fn words(name: &str) -> String {
    let mut text = String::new();
    for (index, character) in name.chars().enumerate() {
        if matches!(character, '-' | '_') {
            text.push(' ');
        } else if index == 0 {
            text.extend(character.to_uppercase());
        } else if character.is_uppercase() && !text.ends_with(' ') {
            text.push(' ');
            text.extend(character.to_lowercase());
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_become_words() {
        assert_eq!(words("order-lines"), "Order lines");
        assert_eq!(words("OrderLine"), "Order line");
    }
}
