//! What the expressions of a named operation see beside rows: inputs and bindings.

use crate::Proofs;
use crate::connection::Value;
use archwright_plan::model::{BindingId, InputPlace};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The id of the row whose move has these effects.
    pub this: Value,
    /// By place and path, as columns store them; lists as JSON text.
    pub inputs: Vec<(InputPlace, Vec<String>, Value)>,
    /// Optional inputs that were left out; those below them count too.
    pub absent: Vec<(InputPlace, Vec<String>)>,
    /// Rows named by inputs, still to be looked up.
    pub references: Vec<super::input::Reference>,
    /// Rows by their ids, lists of rows by JSON lists of ids.
    pub bindings: BTreeMap<BindingId, Value>,
    pub proofs: Proofs,
    /// The body of the step that refused, among those of its program.
    pub refusal: Option<usize>,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            this: Value::Null,
            inputs: Vec::new(),
            absent: Vec::new(),
            references: Vec::new(),
            bindings: BTreeMap::new(),
            proofs: Proofs::default(),
            refusal: None,
        }
    }
}

impl Environment {
    /// Of the effects of a move.
    pub fn of_move(this: Value, inputs: &[(Vec<String>, Value)]) -> Self {
        let inputs = inputs.iter();
        let inputs = inputs.map(|(path, value)| (InputPlace::Move, path.clone(), value.clone()));
        Self {
            this,
            inputs: inputs.collect(),
            ..Self::default()
        }
    }

    /// Of an input that was left out, missing.
    pub fn input(&self, place: InputPlace, path: &[String]) -> Value {
        let mut inputs = self.inputs.iter();
        let found = inputs.find(|(known, names, _)| *known == place && names == path);
        found.map_or(Value::Null, |(.., value)| value.clone())
    }

    /// Of the new password at this place of the body; absent where none was given.
    pub fn hash(&self, path: &[String]) -> Option<&str> {
        let mut hashes = self.proofs.hashes.iter();
        let found = hashes.find(|(known, _)| known == path);
        found.map(|(_, hash)| hash.as_str())
    }

    /// Whether the request has it, be it null.
    pub fn is_given(&self, place: InputPlace, path: &[String]) -> bool {
        let mut inputs = self.inputs.iter();
        let known = inputs.any(|(known, names, _)| *known == place && names == path);
        known && !self.is_absent(place, path)
    }

    pub fn is_absent(&self, place: InputPlace, path: &[String]) -> bool {
        let mut absent = self.absent.iter();
        absent.any(|(known, names)| *known == place && path.starts_with(names))
    }

    pub fn binding(&self, binding: BindingId) -> Value {
        self.bindings.get(&binding).cloned().unwrap_or(Value::Null)
    }
}
