//! Bodies of sign-in operations: a few texts, every fault at once. Values are never repeated in a message.

use crate::problem::Problem;
use archwright_plan::limits::{FAULTS, PASSWORD_CHARACTERS};
use archwright_plan::model::Unknown;
use archwright_store::{Call, Failure, Fault};
use serde_json::{Map, Value};

#[derive(Debug, Default)]
pub(super) struct Body {
    texts: Vec<(String, Option<String>)>,
    pub(super) faults: Vec<Fault>,
}

impl Body {
    /// An object with these texts, and others where they are left alone.
    pub(super) fn take(body: Option<Value>, names: &[&str], unknown: Unknown) -> Self {
        let mut taken = Self::default();
        let mut object = match body {
            Some(Value::Object(object)) => object,
            Some(_) => {
                taken.fault("", "type", "It must be an object.");
                return taken;
            }
            None => Map::new(),
        };
        for name in names {
            taken.text(&mut object, name);
        }
        let others = object.keys().filter(|_| unknown == Unknown::Refuse);
        for name in others.take(FAULTS + 1) {
            let at = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let known = names.iter().copied();
            let message = archwright_store::unknown("key", name, known);
            taken.fault(&at, "unknown", message);
        }
        taken
    }

    /// Takes a new password out of a body whose other fields the store reads.
    pub(super) fn take_new_password(call: &mut Call, name: &str, min: usize) -> Self {
        let mut taken = Self::default();
        match &mut call.body {
            Some(Value::Object(object)) => taken.text(object, name),
            // What is wrong with the rest, the store says.
            Some(_) => taken.texts.push((name.to_owned(), None)),
            None => taken.text(&mut Map::new(), name),
        }
        taken.check_new_password(name, min);
        taken
    }

    fn text(&mut self, object: &mut Map<String, Value>, name: &str) {
        let value = object.shift_remove(name);
        let found = match value {
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.fault(&format!("/{name}"), "type", "It must be a text.");
                None
            }
            None => {
                self.fault(&format!("/{name}"), "required", "It is required.");
                None
            }
        };
        self.texts.push((name.to_owned(), found));
    }

    pub(super) fn check_new_password(&mut self, name: &str, min: usize) {
        let found = self.texts.iter().find(|(known, _)| known == name);
        let Some(length) = found.and_then(|(_, text)| Some(text.as_ref()?.chars().count())) else {
            return;
        };
        let at = format!("/{name}");
        if length < min {
            let message = format!("It must have at least {min} characters.");
            self.fault(&at, "too-short", message);
        } else if length > PASSWORD_CHARACTERS {
            let message = format!("It must have at most {PASSWORD_CHARACTERS} characters.");
            self.fault(&at, "too-long", message);
        }
    }

    fn fault(&mut self, at: &str, code: &'static str, message: impl Into<String>) {
        self.faults.push(Fault {
            at: at.to_owned(),
            code,
            message: message.into(),
        });
    }

    /// The texts in order, or every fault.
    pub(super) fn texts<const N: usize>(self) -> Result<[String; N], Problem> {
        if !self.faults.is_empty() {
            return Err(Failure::Invalid(self.faults).into());
        }
        let texts: Option<Vec<String>> = self.texts.into_iter().map(|(_, text)| text).collect();
        let texts = texts.and_then(|texts| texts.try_into().ok());
        texts.ok_or_else(|| Problem::internal("a field of the body was not read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(body: &Body) -> Vec<(&str, &str)> {
        let faults = body.faults.iter();
        faults
            .map(|fault| (fault.at.as_str(), fault.code))
            .collect()
    }

    #[track_caller]
    fn check(body: Option<Value>, expected: &[(&str, &str)]) {
        let body = Body::take(body, &["email", "password"], Unknown::Refuse);
        assert_eq!(faults(&body), expected);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        check(Some(json!({ "email": "a", "password": "" })), &[]);
        let both = [("/email", "required"), ("/password", "required")];
        check(None, &both);
        check(Some(json!({})), &both);
        check(Some(json!([])), &[("", "type")]);
        let expected = [
            ("/email", "type"),
            ("/password", "type"),
            ("/a~1b", "unknown"),
        ];
        check(
            Some(json!({ "email": 1, "password": null, "a/b": 1 })),
            &expected,
        );
    }

    #[test]
    fn a_key_that_is_not_there_is_told_with_those_that_are() {
        let names = ["email", "password"];
        let given = json!({ "emial": "a", "password": "b" });
        let body = Body::take(Some(given), &names, Unknown::Refuse);
        let told = body.faults.iter().find(|fault| fault.code == "unknown");
        let wanted =
            r#"There is no key "emial"; did you mean "email"? There are email and password."#;
        assert_eq!(told.map(|fault| fault.message.as_str()), Some(wanted));
        let others = (0..3_000).map(|index| (format!("k{index}"), json!(1)));
        let body = Body::take(Some(others.collect()), &names, Unknown::Refuse);
        assert_eq!(body.faults.len(), names.len() + FAULTS + 1);
    }

    #[test]
    fn a_new_password_is_measured_in_characters() {
        let check = |password: Value, expected: &[(&str, &str)]| {
            let mut call = Call {
                body: Some(json!({ "name": "x", "password": password })),
                ..Call::default()
            };
            let body = Body::take_new_password(&mut call, "password", 12);
            assert_eq!(faults(&body), expected);
            assert_eq!(call.body, Some(json!({ "name": "x" })));
        };
        check(json!("ü".repeat(12)), &[]);
        check(json!("ü".repeat(11)), &[("/password", "too-short")]);
        check(json!("x".repeat(PASSWORD_CHARACTERS)), &[]);
        check(
            json!("x".repeat(PASSWORD_CHARACTERS + 1)),
            &[("/password", "too-long")],
        );
        check(json!(7), &[("/password", "type")]);
    }

    #[test]
    fn passwords_are_not_repeated() {
        let mut call = Call {
            body: Some(json!({ "password": "hunter2" })),
            ..Call::default()
        };
        let body = Body::take_new_password(&mut call, "password", 12);
        assert!(!format!("{:?}", body.faults).contains("hunter2"));
    }
}
