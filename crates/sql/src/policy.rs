//! Row-level security of PostgreSQL: roles, views, functions and policies.
//!
//! Three roles that nobody signs in with. One owns a view of each table: what is read through a view is what the role
//! may know, whoever reads. One changes rows. One owns the views that steps of named operations look through. Conditions
//! on a row's own columns stand in its policy; those that look at other rows are functions that run as the owner of the
//! tables, since policies would meet the policies of the other tables, and again their own.

use crate::{Dialect, Parameter, Printer, Row, Scope, Unsupported, setting};
use archwright_plan::model::{
    EntityId, Expression, ExpressionKind, FieldId, FieldKind, Model, Type,
};
use archwright_plan::{
    CallerClass, ColumnSource, Permit, Plan, RowSecurity, Table, TablePurpose, TableSecurity,
};

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
        let mut writer = Writer {
            plan,
            names,
            one,
            table: &plan.tables[one.table],
            statements: Vec::new(),
        };
        writer.all()?;
        statements.append(&mut writer.statements);
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

/// Prints what belongs to one table.
struct Writer<'a> {
    plan: &'a Plan,
    names: &'a SecurityNames,
    one: &'a TableSecurity,
    table: &'a Table,
    statements: Vec<String>,
}

/// What a permit is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// The row as it is: `when`, and the state that a move starts from.
    Before,
    /// A new row: `when` and `after`.
    New,
    /// The row `o` as it was together with the row `t` that is left.
    Both,
}

impl Writer<'_> {
    fn all(&mut self) -> Result<(), Unsupported> {
        let table = DIALECT.identifier(&self.table.name);
        self.push(format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
        let [reader, writer, steps] = self.names.roles();
        self.push(format!("GRANT SELECT ON {table} TO {reader}"));
        let known = self.read()?;
        self.policy("read", "SELECT", &reader, Some(&known), None);
        if let TablePurpose::Entity(_) = self.table.purpose {
            self.view("known", &reader);
        }
        self.tenancy(&steps)?;
        self.create(&writer)?;
        self.change(&writer)?;
        self.delete(&writer)
    }

    fn push(&mut self, statement: String) {
        self.statements.push(statement);
    }

    fn policy(
        &mut self,
        name: &str,
        command: &str,
        role: &str,
        using: Option<&str>,
        check: Option<&str>,
    ) {
        let mut text = format!(
            "CREATE POLICY \"archwright {name}\" ON {} FOR {command} TO {role}",
            DIALECT.identifier(&self.table.name)
        );
        if let Some(using) = using {
            text.push_str(&format!(" USING ({using})"));
        }
        if let Some(check) = check {
            text.push_str(&format!(" WITH CHECK ({check})"));
        }
        self.push(text);
    }

    /// A view whose owner's policies hold for whoever reads it.
    fn view(&mut self, name: &str, role: &str) {
        let (view, table) = (
            object(self.table, name),
            DIALECT.identifier(&self.table.name),
        );
        self.push(format!("CREATE VIEW {view} AS SELECT * FROM {table}"));
        self.push(format!("GRANT SELECT ON {view} TO CURRENT_USER"));
        self.push(format!("ALTER VIEW {view} OWNER TO {role}"));
    }

    fn function(&mut self, name: &str, body: &str) -> String {
        let (function, table) = (
            object(self.table, name),
            DIALECT.identifier(&self.table.name),
        );
        let schema = DIALECT.identifier(&self.names.schema);
        self.push(format!(
            "CREATE FUNCTION {function}(t {table}) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER \
             SET search_path = pg_catalog, {schema}, pg_temp AS {}",
            DIALECT.text_literal(body)
        ));
        self.push(format!(
            "REVOKE EXECUTE ON FUNCTION {function}({table}) FROM PUBLIC"
        ));
        let all = self.names.roles().join(", ");
        self.push(format!(
            "GRANT EXECUTE ON FUNCTION {function}({table}) TO {all}"
        ));
        format!("{function}({table}.*)")
    }

    /// The rows of the caller's tenant, for the steps of named operations.
    fn tenancy(&mut self, steps: &str) -> Result<(), Unsupported> {
        let (Some(tenancy), TablePurpose::Entity(entity)) = (&self.one.tenancy, self.table.purpose)
        else {
            return Ok(());
        };
        let table = DIALECT.identifier(&self.table.name);
        self.push(format!("GRANT SELECT ON {table} TO {steps}"));
        let mut printer = Printer::settings(self.plan);
        let own = printer.condition(tenancy, &Scope::columns(entity))?;
        let tenant = setting::tenant();
        let using = format!(
            "COALESCE({tenant} = '{}', FALSE) OR ({tenant} IS NOT NULL AND {own})",
            setting::ANY_TENANT
        );
        self.policy("steps", "SELECT", steps, Some(&using), None);
        self.view("tenant", steps);
        Ok(())
    }

    /// What the role that changes rows sees of them, to say which one is to be changed.
    fn named(&mut self, writer: &str, sources: [ColumnSource; 2], using: &str) {
        let table = DIALECT.identifier(&self.table.name);
        let columns = sources.into_iter();
        let columns: Vec<String> = columns
            .filter_map(|source| self.column(source).ok())
            .collect();
        self.push(format!(
            "GRANT SELECT ({}) ON {table} TO {writer}",
            columns.join(", ")
        ));
        self.policy("name", "SELECT", writer, Some(using), None);
    }

    fn column(&self, source: ColumnSource) -> Result<String, Unsupported> {
        Printer::new(self.plan, DIALECT).column_name(self.table, source)
    }

    fn read(&mut self) -> Result<String, Unsupported> {
        let TablePurpose::Link(field) = self.table.purpose else {
            let known = self.rule("known", &self.one.read, Asks::Before)?;
            return Ok(match self.table.column_from(ColumnSource::DeletedAt) {
                Some(column) => {
                    format!("{} IS NULL AND ({known})", DIALECT.identifier(&column.name))
                }
                None => known,
            });
        };
        let mut printer = Printer::settings(self.plan);
        let near = self.outside(&mut printer, &self.one.read, Asks::Before)?;
        let far = self.far(&mut printer, field)?;
        Ok(self.function("known", &format!("SELECT {near} AND {far}")))
    }

    /// That the caller knows the far row of a pair.
    fn far(&self, printer: &mut Printer<'_>, field: FieldId) -> Result<String, Unsupported> {
        let far = self.plan.model.field(field).to_many();
        let far = far
            .ok_or_else(|| Unsupported::new("a link of a relation to one"))?
            .target;
        let security = self.plan.row_security.as_ref();
        let security = security.and_then(|security| security.of(far.0));
        let one = security.ok_or_else(|| Unsupported::new("a table without policies"))?;
        let id = printer.column_name(self.table, ColumnSource::LinkFar)?;
        let row = Row::Key {
            entity: far,
            id: format!("t.{id}"),
        };
        self.about(printer, one, row, &one.read, Asks::Before)
    }

    fn create(&mut self, writer: &str) -> Result<(), Unsupported> {
        if self.one.create.is_empty() {
            return Ok(());
        }
        let check = match self.table.purpose {
            TablePurpose::Link(field) => {
                let mut printer = Printer::settings(self.plan);
                let near = self.outside(&mut printer, &self.one.create, Asks::Before)?;
                let far = self.far(&mut printer, field)?;
                self.function("create", &format!("SELECT {near} AND {far}"))
            }
            _ => self.rule("create", &self.one.create, Asks::New)?,
        };
        let table = DIALECT.identifier(&self.table.name);
        self.push(format!("GRANT INSERT ON {table} TO {writer}"));
        self.policy("create", "INSERT", writer, None, Some(&check));
        Ok(())
    }

    fn change(&mut self, writer: &str) -> Result<(), Unsupported> {
        if self.one.change.is_empty() || self.one.columns.is_empty() {
            return Ok(());
        }
        let using = self.rule("change", &self.one.change, Asks::Before)?;
        let check = self.left(&using)?;
        let table = DIALECT.identifier(&self.table.name);
        let columns = self.one.columns.iter();
        let columns: Vec<String> = columns.map(|name| DIALECT.identifier(name)).collect();
        self.push(format!(
            "GRANT UPDATE ({}) ON {table} TO {writer}",
            columns.join(", ")
        ));
        self.policy("change", "UPDATE", writer, Some(&using), Some(&check));
        Ok(())
    }

    fn delete(&mut self, writer: &str) -> Result<(), Unsupported> {
        let using = match self.one.delete.is_empty() {
            true => None,
            false => Some(self.rule("delete", &self.one.delete, Asks::Before)?),
        };
        match (self.table.purpose, &using) {
            // A pair has no id: it is named by both of its rows.
            (TablePurpose::Link(_), Some(using)) => {
                self.named(
                    writer,
                    [ColumnSource::LinkNear, ColumnSource::LinkFar],
                    using,
                );
            }
            (TablePurpose::Link(_), None) => {}
            _ => {
                let id = self.column(ColumnSource::Id)?;
                let using = format!("{id}::text = {}", setting::row());
                self.named(writer, [ColumnSource::Id, ColumnSource::Version], &using);
            }
        }
        if let Some(using) = using {
            let table = DIALECT.identifier(&self.table.name);
            self.push(format!("GRANT DELETE ON {table} TO {writer}"));
            self.policy("delete", "DELETE", writer, Some(&using), None);
        }
        Ok(())
    }

    /// What has to hold of the row that a change leaves.
    fn left(&mut self, using: &str) -> Result<String, Unsupported> {
        if !self.is_own() {
            return Ok(using.to_owned());
        }
        let machine = self.plan.model.entity(self.one.subject).state.is_some();
        if !machine && self.one.change.iter().any(|permit| permit.after.is_none()) {
            // What may be changed at all has no condition on the row that is left.
            return Ok("TRUE".to_owned());
        }
        let mut printer = Printer::settings(self.plan);
        let mut ways = Vec::new();
        for permit in &self.one.change {
            ways.push(self.way(
                &mut printer,
                permit,
                &Scope::alias(self.one.subject, "o"),
                Asks::Both,
            )?);
        }
        let table = DIALECT.identifier(&self.table.name);
        let id = self.column(ColumnSource::Id)?;
        let body = format!(
            "SELECT EXISTS (SELECT 1 FROM {table} o WHERE o.{id} = t.{id} AND ({}))",
            any(ways)
        );
        Ok(self.function("left", &body))
    }

    fn is_own(&self) -> bool {
        let is_entity = matches!(self.table.purpose, TablePurpose::Entity(_));
        is_entity && self.one.path.is_empty()
    }

    /// The condition of a policy: what a row's own columns tell in the policy itself, everything else in a function.
    fn rule(&mut self, name: &str, permits: &[Permit], asks: Asks) -> Result<String, Unsupported> {
        if permits.iter().any(Permit::is_open) && self.is_own() {
            return Ok("TRUE".to_owned());
        }
        let model = &self.plan.model;
        let is_inside = |permit: &&Permit| {
            let conditions = permit.when.iter().chain(&permit.after);
            self.is_own() && !conditions.into_iter().any(|one| leaves(model, one))
        };
        let (inside, outside): (Vec<&Permit>, Vec<&Permit>) = permits.iter().partition(is_inside);
        let mut printer = Printer::settings(self.plan);
        let mut ways = Vec::new();
        for permit in inside {
            ways.push(self.way(
                &mut printer,
                permit,
                &Scope::columns(self.one.subject),
                asks,
            )?);
        }
        if !outside.is_empty() {
            // Most callers need no call of the function.
            let mut classes: Vec<CallerClass> =
                outside.iter().map(|permit| permit.caller).collect();
            classes.sort_unstable();
            classes.dedup();
            let mut gates = Vec::new();
            for class in classes {
                gates.push(gate(&mut printer, class)?);
            }
            let outside: Vec<Permit> = outside.into_iter().cloned().collect();
            let mut printer = Printer::settings(self.plan);
            let body = self.outside(&mut printer, &outside, asks)?;
            let call = self.function(name, &format!("SELECT {body}"));
            ways.push(format!("(({}) AND {call})", any(gates)));
        }
        Ok(any(ways))
    }

    /// The permits on the row `t`, or on what it leads to.
    fn outside(
        &self,
        printer: &mut Printer<'_>,
        permits: &[Permit],
        asks: Asks,
    ) -> Result<String, Unsupported> {
        let row = match self.table.purpose {
            TablePurpose::Link(field) => Row::Key {
                entity: field.entity,
                id: format!(
                    "t.{}",
                    printer.column_name(self.table, ColumnSource::LinkNear)?
                ),
            },
            TablePurpose::Entity(entity) => Row::Alias {
                entity,
                alias: "t".to_owned(),
            },
            TablePurpose::System(_) => return Err(Unsupported::new("rules of a system table")),
        };
        self.about(printer, self.one, row, permits, asks)
    }

    /// The permits on the row that another one leads to, which has to be there.
    fn about(
        &self,
        printer: &mut Printer<'_>,
        one: &TableSecurity,
        row: Row,
        permits: &[Permit],
        asks: Asks,
    ) -> Result<String, Unsupported> {
        let start = matches!(row, Row::Alias { .. }) && one.path.is_empty();
        if start {
            let mut ways = Vec::new();
            for permit in permits {
                ways.push(self.way(printer, permit, &Scope::row(row.clone()), asks)?);
            }
            return Ok(format!("({})", any(ways)));
        }
        let mut row = row;
        for field in &one.path {
            let id = printer.column(&row, ColumnSource::Field(*field))?;
            let target = self.plan.model.field(*field).to_one();
            let target = target
                .ok_or_else(|| Unsupported::new("a part without a whole"))?
                .target;
            row = Row::Key { entity: target, id };
        }
        let id = printer.row_id(&row)?;
        let alias = printer.fresh_alias();
        let scope = Scope::alias(one.subject, &alias);
        let mut ways = Vec::new();
        for permit in permits {
            ways.push(self.way(printer, permit, &scope, asks)?);
        }
        let table = printer.table(one.subject);
        let key = printer.column_name(self.plan.table(one.subject), ColumnSource::Id)?;
        let active = printer.active(one.subject, &alias);
        Ok(format!(
            "EXISTS (SELECT 1 FROM {table} {alias} WHERE {alias}.{key} = {id}{active} AND ({}))",
            any(ways)
        ))
    }

    /// All that one permit asks for.
    fn way(
        &self,
        printer: &mut Printer<'_>,
        permit: &Permit,
        scope: &Scope,
        asks: Asks,
    ) -> Result<String, Unsupported> {
        let mut parts = Vec::new();
        if permit.caller != CallerClass::Anyone {
            parts.push(gate(printer, permit.caller)?);
        }
        if let Some(when) = &permit.when {
            parts.push(printer.condition(when, scope)?);
        }
        parts.extend(self.transition(printer, permit, scope, asks)?);
        if let Some(after) = permit.after.as_ref().filter(|_| asks != Asks::Before) {
            let left = match asks {
                Asks::Both => Scope::alias(self.one.subject, "t"),
                _ => scope.clone(),
            };
            parts.push(printer.condition(after, &left)?);
        }
        Ok(match parts.is_empty() {
            true => "TRUE".to_owned(),
            false => format!("({})", parts.join(" AND ")),
        })
    }

    /// The states before and after.
    fn transition(
        &self,
        printer: &mut Printer<'_>,
        permit: &Permit,
        scope: &Scope,
        asks: Asks,
    ) -> Result<Vec<String>, Unsupported> {
        let machine = self.plan.model.entity(self.one.subject).state.as_ref();
        let (Some(machine), Some(before)) = (machine, &scope.this) else {
            return Ok(Vec::new());
        };
        let left = Row::Alias {
            entity: self.one.subject,
            alias: "t".to_owned(),
        };
        let state = |printer: &mut Printer<'_>, row: &Row| {
            printer.column(row, ColumnSource::Field(machine.field))
        };
        let mut parts = Vec::new();
        if let Some(transition) = &permit.transition {
            let mut from = Vec::new();
            for name in &transition.from {
                from.push(setting::text(printer, name)?);
            }
            let before = state(printer, before)?;
            parts.push(format!("{before} IN ({})", from.join(", ")));
        }
        if asks == Asks::Both {
            let after = state(printer, &left)?;
            let wanted = match &permit.transition {
                Some(transition) => setting::text(printer, &transition.to)?,
                None => state(printer, before)?,
            };
            parts.push(format!("{after} = {wanted}"));
        }
        Ok(parts)
    }
}

/// That the caller is of a class.
fn gate(printer: &mut Printer<'_>, class: CallerClass) -> Result<String, Unsupported> {
    let signed_in = printer.flag(Parameter::SignedIn)?;
    match class {
        CallerClass::Anyone => Ok("TRUE".to_owned()),
        CallerClass::SignedIn => Ok(signed_in),
        CallerClass::Role(role) => {
            let role = printer.flag(Parameter::HasRole(role))?;
            Ok(format!("({signed_in} AND {role})"))
        }
    }
}

fn any(ways: Vec<String>) -> String {
    match ways.is_empty() {
        true => "FALSE".to_owned(),
        false => ways.join(" OR "),
    }
}

/// Whether a condition looks at other rows than the one that it is about. The caller's tenant is a setting.
fn leaves(model: &Model, expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Field { of, field } => {
            let field = model.field(*field);
            match (&of.kind, &field.kind, &field.computed) {
                (ExpressionKind::This, FieldKind::Scalar(_), Some(computed)) => {
                    leaves(model, computed)
                }
                (ExpressionKind::This, FieldKind::Scalar(_) | FieldKind::ToOne(_), _) => false,
                _ => true,
            }
        }
        ExpressionKind::Quantifier { .. }
        | ExpressionKind::Aggregate { .. }
        | ExpressionKind::Map { .. } => true,
        ExpressionKind::In { list, .. } if matches!(list.ty, Type::Rows(_)) => true,
        _ => expression
            .children()
            .into_iter()
            .any(|part| leaves(model, part)),
    }
}
