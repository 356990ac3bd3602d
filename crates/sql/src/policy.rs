//! Row-level security of PostgreSQL: roles, views, functions and policies.
//!
//! Three roles that nobody signs in with. One owns a view of each table: what is read through a view is what the role
//! may know, whoever reads. One changes rows. One owns the views that steps of named operations look through. Conditions
//! on a row's own columns stand in its policy; those that look at other rows are functions that run as the owner of the
//! tables, since policies would meet the policies of the other tables, and again their own.

mod condition;
mod table;

use crate::{Dialect, Printer, Unsupported};
use archwright_plan::model::EntityId;
use archwright_plan::{Plan, RowSecurity, Table, TableSecurity};
use table::TablePolicies;

const DIALECT: Dialect = Dialect::Postgres;

/// The names that row-level security has in a database; roles are the whole server's, so theirs say where they belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityNames {
    /// The schema with the tables.
    pub schema: String,
    pub reader: String,
    pub writer: String,
    pub steps: String,
}

impl SecurityNames {
    pub fn new(database: &str, schema: &str) -> Self {
        let role = |name: &str| {
            let quoted = DIALECT.identifier(&format!("{database}.{schema}.{name}"));
            // As PostgreSQL stores it.
            quoted[1..quoted.len() - 1].replace("\"\"", "\"")
        };
        Self {
            schema: schema.to_owned(),
            reader: role("reader"),
            writer: role("writer"),
            steps: role("steps"),
        }
    }

    fn roles(&self) -> [String; 3] {
        [&self.reader, &self.writer, &self.steps].map(|name| DIALECT.identifier(name))
    }
}

impl Printer<'_> {
    /// What to read an entity's rows from, so that the database shows what the caller may know.
    pub fn known(&self, entity: EntityId) -> String {
        self.view(entity, "known", |_| true)
    }

    /// What to look for an entity's rows in, so that the database keeps to the caller's tenant.
    pub fn within_tenant(&self, entity: EntityId) -> String {
        self.view(entity, "tenant", |one| one.tenancy.is_some())
    }

    fn view(&self, entity: EntityId, name: &str, has: impl Fn(&TableSecurity) -> bool) -> String {
        let security = self.plan.row_security.as_ref();
        let one = security.and_then(|security| security.of(entity.0));
        match (self.dialect, one.filter(|one| has(one))) {
            (Dialect::Postgres, Some(_)) => object(self.plan.table(entity), name),
            _ => self.table(entity),
        }
    }
}

/// The name of a view or function of a table. Tables have no dots in theirs.
fn object(table: &Table, name: &str) -> String {
    DIALECT.identifier(&format!("{name}.{}", table.name))
}

/// Takes away all that [`row_security`] has made in the current schema, but for the roles.
pub fn without_row_security(names: &SecurityNames) -> String {
    let roles = [&names.reader, &names.writer, &names.steps];
    let roles = roles.map(|name| DIALECT.text_literal(name)).join(", ");
    let text = "DO $archwright$ DECLARE one record; here regnamespace := quote_ident(current_schema())::regnamespace; BEGIN\n  \
     FOR one IN SELECT c.relname, p.polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid \
     WHERE c.relnamespace = here AND p.polname LIKE 'archwright %' LOOP\n    \
     EXECUTE format('DROP POLICY %I ON %I', one.polname, one.relname);\n  END LOOP;\n  \
     FOR one IN SELECT relname FROM pg_class WHERE relnamespace = here AND relkind = 'v' AND relname LIKE '%.%' LOOP\n    \
     EXECUTE format('DROP VIEW %I', one.relname);\n  END LOOP;\n  \
     FOR one IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = here AND proname LIKE '%.%' LOOP\n    \
     EXECUTE format('DROP FUNCTION %s', one.name);\n  END LOOP;\n  \
     FOR one IN SELECT relname FROM pg_class WHERE relnamespace = here AND relrowsecurity LOOP\n    \
     EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', one.relname);\n  END LOOP;\n  \
     FOR one IN SELECT rolname FROM pg_roles WHERE rolname IN (ROLES) LOOP\n    \
     EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), one.rolname);\n  \
     END LOOP;\nEND $archwright$";
    text.replace("(ROLES)", &format!("({roles})"))
}

/// The statements that put a plan's row-level security in force in a database that has its tables and none of this.
pub fn row_security(
    plan: &Plan,
    security: &RowSecurity,
    names: &SecurityNames,
) -> Result<Vec<String>, Unsupported> {
    let schema = DIALECT.identifier(&names.schema);
    let roles = names.roles();
    let mut statements: Vec<String> = roles.iter().map(|role| create_role(role)).collect();
    // Whoever is to own a view has to be allowed to make one.
    let all = roles.join(", ");
    statements.push(format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {all}"));
    for one in &security.tables {
        let mut policies = TablePolicies {
            plan,
            names,
            one,
            table: &plan.tables[one.table],
            statements: Vec::new(),
        };
        policies.all()?;
        statements.append(&mut policies.statements);
    }
    statements.push(format!("REVOKE CREATE ON SCHEMA {schema} FROM {all}"));
    Ok(statements)
}

/// Others may make the role at the same time.
fn create_role(role: &str) -> String {
    let name = DIALECT.text_literal(&role[1..role.len() - 1].replace("\"\"", "\""));
    format!(
        "DO $archwright$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN \
         CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER; END IF; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $archwright$"
    )
}
