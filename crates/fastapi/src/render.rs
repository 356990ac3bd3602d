//! Fills in the templates.

use crate::account::{Settings, settings};
use crate::migration;
use crate::names::Names;
use crate::view::{Scope, computed, models, policies, records, router, schemas, service};
use archwright_openapi::{DocumentOptions, document};
use archwright_plan::Plan;
use archwright_project::{File, Kind};
use archwright_stack::Refusals;
use archwright_stack::feature::features;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

macro_rules! templates {
    ($($folder:literal: $($name:literal)*;)*) => {
        &[$($((
            concat!($folder, "/", $name),
            include_str!(concat!("../templates/", $folder, "/", $name)),
        )),*),*]
    };
}

/// All templates, by their places below `templates/`.
const TEMPLATES: &[(&str, &str)] = templates! {
    "core": "access.py" "admission.py" "audit.py" "bodies.py" "callers.py" "clock.py" "columns.py" "conditional.py"
        "config.py" "constraints.py" "context.py" "crypto.py" "database.py" "fields.py" "idempotency.py" "ids.py"
        "limits.py" "logging.py" "middleware.py" "models.py" "pages.py" "passwords.py" "problems.py" "purge.py" "queries.py"
        "records.py" "references.py" "replies.py" "search.py" "slugs.py" "sql.py" "tokens.py";
    "auth": "models.py" "router.py" "schemas.py" "service.py";
    "feature": "functions.py" "models.py" "records.py" "router.py" "schemas.py" "service.py";
    "migrations": "env.py" "initial.py" "script.py.mako";
    "root": "cli.py" "extensions.py" "main.py" "pyproject.toml" "README.md" "Dockerfile" "compose.yaml" "ci.yml"
        "alembic.ini" "env.example" "gitignore" "dockerignore";
    "tests": "conftest.py" "test_api.py";
};

struct Project<'p> {
    plan: &'p Plan,
    environment: Environment<'static>,
    settings: Settings,
    files: Vec<File>,
}

pub fn files(plan: &Plan, refusals: &mut Refusals) -> Vec<File> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEMPLATES {
        let added = environment.add_template(name, text);
        assert!(
            added.is_ok(),
            "the template {name} can't be read: {added:?}"
        );
    }
    let mut project = Project {
        plan,
        environment,
        settings: settings(plan),
        files: Vec::new(),
    };
    project.root();
    project.core();
    project.features(refusals);
    if let Some(migration) = refusals.keep(migration::view(plan)) {
        project.migrations(&migration);
    }
    let mut files = project.files;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

impl Project<'_> {
    fn rendered(&self, template: &str, values: Value) -> String {
        let found = self.environment.get_template(template);
        let filled = found.and_then(|template| template.render(values));
        match filled {
            Ok(text) => tidied(&text),
            // A template that does not fit its view is our own mistake.
            Err(error) => panic!("the template {template} can't be filled in: {error:#}"),
        }
    }

    fn put(&mut self, path: impl Into<String>, text: String, kind: Kind) {
        self.files.push(File {
            path: path.into(),
            text,
            kind,
            executable: false,
        });
    }

    fn fill(&mut self, path: &str, template: &str, values: Value) {
        let text = self.rendered(template, values);
        self.put(path, text, Kind::Generated);
    }

    fn packages(&self) -> Vec<String> {
        let names = Names { plan: self.plan };
        let features = features(&self.plan.model);
        features
            .iter()
            .map(|feature| names.package(feature.root))
            .collect()
    }

    fn root(&mut self) {
        let packages = self.packages();
        let mut routers = vec!["auth".to_owned()];
        routers.extend(packages);
        routers.sort();
        let model_modules: Vec<String> = routers
            .iter()
            .map(|one| format!("app.{one}.models"))
            .collect();
        let mut imports: Vec<String> = [
            "from app.core import logging, problems, purge, replies, tokens",
            "from app.core.config import settings",
            "from app.core.database import Reading, engine",
            "from app.core.middleware import Exchange",
            "from app.extensions import extend",
        ]
        .map(str::to_owned)
        .to_vec();
        let routed = routers
            .iter()
            .map(|one| format!("from app.{one}.router import router as {one}_router"));
        imports.extend(routed);
        imports.sort();
        for (path, template) in [
            ("app/main.py", "root/main.py"),
            ("app/cli.py", "root/cli.py"),
            ("pyproject.toml", "root/pyproject.toml"),
            ("README.md", "root/README.md"),
            ("Dockerfile", "root/Dockerfile"),
            ("compose.yaml", "root/compose.yaml"),
            (".github/workflows/ci.yml", "root/ci.yml"),
            ("alembic.ini", "root/alembic.ini"),
            (".env.example", "root/env.example"),
            (".gitignore", "root/gitignore"),
            (".dockerignore", "root/dockerignore"),
            ("migrations/env.py", "migrations/env.py"),
            ("tests/conftest.py", "tests/conftest.py"),
            ("tests/test_api.py", "tests/test_api.py"),
        ] {
            let values = context! { imports => settled(&imports), routers => settled(&routers), model_modules => settled(&model_modules), ..settled(&self.settings) };
            self.fill(path, template, values);
        }
        let own = self.rendered("root/extensions.py", context! {});
        self.put("app/extensions.py", own, Kind::Once);
        let mako = TEMPLATES
            .iter()
            .find(|(name, _)| *name == "migrations/script.py.mako");
        if let Some((_, text)) = mako {
            self.put(
                "migrations/script.py.mako",
                (*text).to_owned(),
                Kind::Generated,
            );
        }
        let contract = document(self.plan, &DocumentOptions::default());
        let contract = serde_json::to_string_pretty(&contract).unwrap_or_default();
        self.put("app/openapi.json", contract + "\n", Kind::Generated);
        for package in ["app", "tests"] {
            self.put(
                format!("{package}/__init__.py"),
                String::new(),
                Kind::Generated,
            );
        }
    }

    fn core(&mut self) {
        let of = |folder: &str| {
            let names = TEMPLATES.iter().map(|(name, _)| *name);
            let names = names.filter(|name| name.starts_with(folder));
            names.collect::<Vec<_>>()
        };
        for name in of("core/").into_iter().chain(of("auth/")) {
            let path = format!("app/{name}");
            if self.is_needed(name) {
                let values = settled(&self.settings);
                self.fill(&path, name, values);
            }
        }
        for package in ["core", "auth"] {
            self.put(
                format!("app/{package}/__init__.py"),
                String::new(),
                Kind::Generated,
            );
        }
    }

    /// No code that nothing uses.
    fn is_needed(&self, template: &str) -> bool {
        let mut entities = self.plan.model.entities.iter();
        match template {
            "core/search.py" => self
                .plan
                .tables
                .iter()
                .any(|table| !table.search.is_empty()),
            "core/slugs.py" => {
                entities.any(|one| one.fields.iter().any(|field| field.slug_from.is_some()))
            }
            _ => true,
        }
    }

    fn features(&mut self, refusals: &mut Refusals) {
        let plan = self.plan;
        for feature in features(&plan.model) {
            let scope = Scope {
                plan,
                names: Names { plan },
                feature: &feature,
            };
            let folder = format!("app/{}", scope.package());
            self.put(
                format!("{folder}/__init__.py"),
                String::new(),
                Kind::Generated,
            );
            self.module(
                &folder,
                "models",
                "feature/models.py",
                refusals.keep(models::view(&scope)),
            );
            let computed = refusals.keep(computed::view(&scope)).flatten();
            self.module(&folder, "computed", "feature/functions.py", computed);
            self.module(
                &folder,
                "policies",
                "feature/functions.py",
                refusals.keep(policies::view(&scope)),
            );
            self.module(
                &folder,
                "schemas",
                "feature/schemas.py",
                refusals.keep(schemas::view(&scope)),
            );
            self.module(
                &folder,
                "records",
                "feature/records.py",
                refusals.keep(records::view(&scope)),
            );
            let service = refusals.keep(service::view(&scope)).flatten();
            self.module(&folder, "service", "feature/service.py", service);
            self.module(
                &folder,
                "router",
                "feature/router.py",
                refusals.keep(router::view(&scope)),
            );
        }
    }

    fn module(&mut self, folder: &str, name: &str, template: &str, view: Option<impl Serialize>) {
        if let Some(view) = view {
            self.fill(&format!("{folder}/{name}.py"), template, settled(&view));
        }
    }

    fn migrations(&mut self, migration: &migration::Migration) {
        let (migration, account) = (settled(migration), settled(&self.settings.account));
        let values = context! { migration, account };
        self.fill(
            "migrations/versions/0001_initial.py",
            "migrations/initial.py",
            values,
        );
    }
}

fn settled(view: impl Serialize) -> Value {
    Value::from(Serde(view))
}

/// Without spaces at the ends of lines, and with one line end at the end.
fn tidied(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = lines.join("\n");
    format!("{}\n", text.trim_end())
}
