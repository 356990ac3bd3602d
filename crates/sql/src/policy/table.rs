//! The policies of one table, with its views, functions and rights.

use super::condition::{Asks, any, gate, leaves};
use super::{DIALECT, SecurityNames, object};
use crate::{Parameter, Printer, Row, Scope, Unsupported, setting};
use archwright_plan::model::FieldId;
use archwright_plan::{
    CallerClass, ColumnSource, Permit, Plan, Table, TablePurpose, TableSecurity,
};

/// Prints what belongs to one table.
pub(super) struct TablePolicies<'a> {
    pub plan: &'a Plan,
    pub names: &'a SecurityNames,
    pub one: &'a TableSecurity,
    pub table: &'a Table,
    pub statements: Vec<String>,
}
impl TablePolicies<'_> {
    pub fn all(&mut self) -> Result<(), Unsupported> {
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
        let own = match leaves(&self.plan.model, tenancy) {
            true => {
                let body = printer.condition(tenancy, &Scope::alias(entity, "t"))?;
                self.function("tenant", &format!("SELECT {body}"))
            }
            false => printer.condition(tenancy, &Scope::columns(entity))?,
        };
        let signed_in = printer.flag(Parameter::SignedIn)?;
        let using = format!(
            "COALESCE({} = '{}', FALSE) OR ({signed_in} AND {own})",
            setting::tenant(),
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
        let mut using = self.rule("change", &self.one.change, Asks::Before)?;
        let own = self.is_own();
        if let Some(marked) = self
            .table
            .column_from(ColumnSource::DeletedAt)
            .filter(|_| own)
        {
            using = format!("{using} AND {} IS NULL", DIALECT.identifier(&marked.name));
        }
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
        if !machine && self.one.change.iter().all(|permit| permit.after.is_none()) {
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
}
