//! The imports of a module: collected while it is printed, written as ruff sorts them.

use std::collections::{BTreeMap, BTreeSet};

const STANDARD: &[&str] = &[
    "collections.abc",
    "datetime",
    "decimal",
    "enum",
    "typing",
    "uuid",
];

/// By module; an empty set is the module itself.
#[derive(Clone, Debug, Default)]
pub struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    /// `from MODULE import NAME`; the name may end with ` as OTHER`.
    pub fn from(&mut self, module: &str, name: &str) {
        let names = self.0.entry(module.to_owned()).or_default();
        names.insert(name.to_owned());
    }

    /// `import MODULE`
    pub fn module(&mut self, module: &str) {
        self.0.entry(module.to_owned()).or_default();
    }

    pub fn remove_module(&mut self, module: &str) {
        self.0.remove(module);
    }

    pub fn text(&self) -> String {
        let group = |wanted: usize| -> String {
            let lines = self.0.iter().filter(|(module, _)| place(module) == wanted);
            let (plain, from): (Vec<_>, Vec<_>) = lines.partition(|(_, names)| names.is_empty());
            let plain = plain
                .into_iter()
                .map(|(module, _)| format!("import {module}\n"));
            let from = from.into_iter().map(|(module, names)| line(module, names));
            plain.chain(from).collect()
        };
        let groups: Vec<String> = (0..3)
            .map(group)
            .filter(|group| !group.is_empty())
            .collect();
        groups.join("\n").trim_end().to_owned()
    }
}

fn place(module: &str) -> usize {
    match module {
        module if STANDARD.contains(&module) => 0,
        module if module == "app" || module.starts_with("app.") => 2,
        _ => 1,
    }
}

fn line(module: &str, names: &BTreeSet<String>) -> String {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_by_key(|name| (kind(name), name.to_lowercase(), name.as_str()));
    let joined: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let flat = format!("from {module} import {}\n", joined.join(", "));
    if flat.len() <= crate::python::WIDTH + 1 && !joined.iter().any(|name| name.contains(" as ")) {
        return flat;
    }
    // Names with an alias stand on lines of their own.
    let (aliased, plain): (Vec<&str>, Vec<&str>) =
        joined.into_iter().partition(|name| name.contains(" as "));
    let mut text = String::new();
    if !plain.is_empty() {
        let flat = format!("from {module} import {}\n", plain.join(", "));
        match flat.len() <= crate::python::WIDTH + 1 {
            true => text.push_str(&flat),
            false => text.push_str(&format!(
                "from {module} import (\n    {},\n)\n",
                plain.join(",\n    ")
            )),
        }
    }
    for name in aliased {
        text.push_str(&format!("from {module} import {name}\n"));
    }
    text
}

/// Constants, then classes, then the rest.
fn kind(name: &str) -> usize {
    let is_upper = |letter: char| !letter.is_ascii_lowercase();
    let first = name.chars().next().unwrap_or('a');
    match (
        name.chars().all(is_upper) && name.len() > 1,
        first.is_ascii_uppercase(),
    ) {
        (true, _) => 0,
        (_, true) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_stand_in_their_groups() {
        let mut imports = Imports::default();
        imports.from("app.core.models", "Base");
        imports.from("sqlalchemy", "select");
        imports.from("sqlalchemy", "Index");
        imports.module("enum");
        imports.from("app.books", "computed as books_computed");
        let expected = "import enum\n\nfrom sqlalchemy import Index, select\n\n\
                        from app.books import computed as books_computed\nfrom app.core.models import Base";
        assert_eq!(imports.text(), expected);
    }
}
