//! Which modifiers fit which fields, and what the modifiers of one field say together.

use super::context::Lowering;
use super::literals;
use crate::{FieldId, FieldKind, LARGEST_INDEXED_BYTES, ScalarType, ToManyKind};
use archwright_design::ast;
use archwright_diagnostics::Span;

impl Lowering<'_> {
    pub fn check_modifiers(&mut self, id: FieldId) {
        let Some(source) = self.source(id) else {
            return;
        };
        if self.broken.contains(&id) {
            return;
        }
        self.check_contradictions(source);
        let scalar = self.field(id).scalar().cloned();
        self.check_blank(source, scalar.as_ref());
        match self.field(id).kind.clone() {
            FieldKind::Scalar(scalar) => self.check_scalar(id, source, &scalar),
            FieldKind::ToOne(_) => self.check_to_one(source),
            FieldKind::ToMany(relation) => self.check_to_many(source, &relation.kind),
        }
    }

    fn check_contradictions(&mut self, source: &ast::Field) {
        let computed = source.computed.as_ref().map(|computed| computed.span);
        let default = source.default.as_ref().map(|default| default.span);
        let visible = source.visible.as_ref().and_then(|grants| grants.first());
        let pairs: [(&str, Option<Span>, &str, Option<Span>); 10] = [
            ("a computed value", computed, "a default", default),
            (
                "a computed value",
                computed,
                "`immutable`",
                source.immutable,
            ),
            (
                "a computed value",
                computed,
                "`write-only`",
                source.write_only,
            ),
            (
                "a computed value",
                computed,
                "`from`",
                source.from.as_ref().map(|from| from.span),
            ),
            (
                "`read-only`",
                source.read_only,
                "`write-only`",
                source.write_only,
            ),
            ("`sensitive`", source.sensitive, "`search`", source.search),
            ("`sensitive`", source.sensitive, "`sort`", source.sort),
            // Who can search by a value can guess it, word by word.
            (
                "`visible`",
                visible.map(|grant| grant.who.span),
                "`search`",
                source.search,
            ),
            ("`write-only`", source.write_only, "`search`", source.search),
            (
                "`composed`",
                source.composed,
                "`through`",
                source.through.as_ref().map(|through| through.span),
            ),
        ];
        for (first, first_span, second, second_span) in pairs {
            if let (Some(_), Some(span)) = (first_span, second_span) {
                self.error(
                    "AW226",
                    span,
                    format!("{second} does not go with {first}"),
                    "remove one of them",
                );
            }
        }
        if let (Some(_), Some(settable)) = (source.read_only, &source.settable)
            && let Some(grant) = settable.first()
        {
            self.error(
                "AW226",
                grant.who.span,
                "nobody sets a read-only field",
                "remove `read-only` or `settable`",
            );
        }
    }

    /// `blank-as-null` needs a text on the wire that may be missing.
    pub fn check_blank(&mut self, source: &ast::Field, scalar: Option<&ScalarType>) {
        let Some(span) = source.blank_as_null else {
            return;
        };
        let text = scalar.is_some_and(|scalar| {
            scalar.is_text()
                || matches!(
                    scalar,
                    ScalarType::Uuid
                        | ScalarType::Date
                        | ScalarType::DateTime
                        | ScalarType::Decimal { .. }
                )
        });
        let fits = text && !source.ty.many && source.computed.is_none();
        if !fits {
            let message = format!("`blank-as-null` does not fit `{}`", source.name.value);
            self.error(
                "AW222",
                span,
                message,
                "use it on what is text in a request",
            );
        } else if !source.ty.optional {
            let message = format!("`{}` is never null", source.name.value);
            self.error(
                "AW226",
                span,
                message,
                "put `?` after its type, or remove `blank-as-null`",
            );
        }
    }

    /// Reports each modifier that is there although it does not fit.
    fn refuse(&mut self, what: &str, modifiers: &[(&str, Option<Span>)], help: &str) {
        for (name, span) in modifiers {
            if let Some(span) = span {
                self.error(
                    "AW222",
                    *span,
                    format!("`{name}` does not fit {what}"),
                    help,
                );
            }
        }
    }

    fn check_scalar(&mut self, id: FieldId, source: &ast::Field, scalar: &ScalarType) {
        let what = format!("`{}`", scalar.name());
        let span = |text: &Option<ast::Text>| text.as_ref().map(|text| text.span);
        self.refuse(
            &what,
            &[
                ("owner", source.owner),
                ("tenant", source.tenant),
                ("on-delete", span(&source.on_delete)),
            ],
            "use it on a relation to one row",
        );
        self.refuse(
            &what,
            &[
                ("composed", source.composed),
                ("by", span(&source.by)),
                ("through", span(&source.through)),
            ],
            "use it on a relation to many rows: `lines: OrderLine[], composed`",
        );
        self.check_sets(source, scalar, &what);
        let min = self.bound(scalar, source.min.as_ref(), "min");
        let max = self.bound(scalar, source.max.as_ref(), "max");
        self.check_bounds(min.as_ref(), max.as_ref(), source.max.as_ref());
        let pattern = self.pattern(scalar, source.pattern.as_ref());
        let field = self.field_mut(id);
        (field.min, field.max, field.pattern) = (min, max, pattern);
        self.read_slug_source(id, source, scalar);
        if let Some(example) = &source.example {
            match literals::read_for(self.field(id), &example.value) {
                Ok(literal) => self.field_mut(id).example = Some(literal),
                Err(why) => self.bad_literal(
                    example,
                    &format!("an example of `{}`", source.name.value),
                    &why,
                ),
            }
        }
        if matches!(scalar, ScalarType::File { .. }) && !source.ty.optional {
            let message = "a file can't be required: it is uploaded after its row was made";
            self.error("AW222", source.ty.span, message, "add `?` to the type");
        }
    }

    fn check_sets(&mut self, source: &ast::Field, scalar: &ScalarType, what: &str) {
        let plain_text = scalar.is_text() && !matches!(scalar, ScalarType::Enum { .. });
        let bulky = matches!(scalar, ScalarType::Json | ScalarType::File { .. });
        let long = bulky || matches!(scalar, ScalarType::Text { .. });
        let (_, characters) = scalar.characters().unwrap_or((0, 0));
        let chosen = matches!(scalar, ScalarType::String { .. } | ScalarType::Text { .. });
        let oversized =
            chosen && characters as usize > LARGEST_INDEXED_BYTES && source.sensitive.is_none();
        let computed = source.computed.is_some();
        let unique = source.unique.as_ref().map(|unique| unique.span);
        if !plain_text {
            self.refuse(what, &[("search", source.search)], "use it on text");
        }
        if !plain_text || matches!(scalar, ScalarType::Slug) {
            self.refuse(
                what,
                &[("sensitive", source.sensitive)],
                "use it on string, text, email, url or phone",
            );
        }
        if long || matches!(scalar, ScalarType::Bool) {
            self.refuse(
                what,
                &[("unique", unique)],
                "use it on fields with short values",
            );
        }
        if bulky {
            self.refuse(
                what,
                &[("filter", source.filter)],
                "make a field of its own for what is searched",
            );
        }
        if long {
            self.refuse(
                what,
                &[("sort", source.sort)],
                "sort by a field with short values",
            );
        }
        if oversized {
            let sort = source.sort.filter(|_| !long);
            self.refuse(
                &format!("a {what} of more than {LARGEST_INDEXED_BYTES} characters"),
                &[("filter", source.filter), ("sort", sort)],
                "give it a shorter length: an index holds no longer texts",
            );
        }
        if computed {
            let modifiers = [
                ("unique", unique),
                ("filter", source.filter),
                ("sort", source.sort),
                ("search", source.search),
                ("sensitive", source.sensitive),
            ];
            self.refuse(
                "a computed field",
                &modifiers,
                "store the value instead: no index serves a computed one",
            );
        }
        if source.sensitive.is_some() && matches!(scalar, ScalarType::Text { .. }) {
            self.refuse(
                "a sensitive `text`",
                &[("filter", source.filter)],
                "use `string`",
            );
        }
    }

    fn read_slug_source(&mut self, id: FieldId, source: &ast::Field, scalar: &ScalarType) {
        let Some(from) = &source.from else { return };
        if *scalar != ScalarType::Slug {
            return self.refuse(
                &format!("`{}`", scalar.name()),
                &[("from", Some(from.span))],
                "use it on `slug`",
            );
        }
        let Some(origin) = self.find_field(id.entity, from) else {
            return;
        };
        let text = matches!(
            self.field(origin).kind,
            FieldKind::Scalar(ScalarType::String { .. } | ScalarType::Text { .. })
        );
        let computed = self
            .source(origin)
            .is_none_or(|origin| origin.computed.is_some());
        let broken = self.broken.contains(&origin);
        if (!text || computed || self.field(origin).sensitive) && !broken {
            let message = format!("a slug can't be made from `{}`", from.value);
            return self.error(
                "AW228",
                from.span,
                message,
                "name a stored field of type string or text that is not sensitive",
            );
        }
        if self.field(origin).optional && !self.field(id).optional {
            let message = format!("`{}` may be missing, and the slug is required", from.value);
            let help = "name a required field, or make the slug optional with `?`";
            return self.error("AW228", from.span, message, help);
        }
        self.field_mut(id).slug_from = Some(origin);
    }

    fn check_to_one(&mut self, source: &ast::Field) {
        let span = |text: &Option<ast::Text>| text.as_ref().map(|text| text.span);
        let modifiers = [
            ("composed", source.composed),
            ("by", span(&source.by)),
            ("through", span(&source.through)),
        ];
        self.refuse(
            "a relation to one row",
            &modifiers,
            "write `[]` after the type for a relation to many",
        );
        self.refuse_values(source, "a relation");
        if let Some(computed) = &source.computed {
            self.refuse(
                "a relation",
                &[(":=", Some(computed.span))],
                "compute a value, not a row",
            );
        }
    }

    fn refuse_values(&mut self, source: &ast::Field, what: &str) {
        let span = |text: &Option<ast::Text>| text.as_ref().map(|text| text.span);
        let modifiers = [
            ("min", span(&source.min)),
            ("max", span(&source.max)),
            ("pattern", span(&source.pattern)),
            ("from", span(&source.from)),
            ("example", span(&source.example)),
            ("search", source.search),
            ("sensitive", source.sensitive),
            ("sort", source.sort),
        ];
        self.refuse(what, &modifiers, "use it on a field with a value");
    }

    fn check_to_many(&mut self, source: &ast::Field, kind: &ToManyKind) {
        let span = |text: &Option<ast::Text>| text.as_ref().map(|text| text.span);
        let what = "a relation to many rows";
        self.refuse_values(source, what);
        let modifiers = [
            ("owner", source.owner),
            ("tenant", source.tenant),
            ("on-delete", span(&source.on_delete)),
            ("unique", source.unique.as_ref().map(|unique| unique.span)),
            ("=", span(&source.default)),
            (":=", span(&source.computed)),
        ];
        self.refuse(
            what,
            &modifiers,
            "use it on the field of the other side that points to one row",
        );
        if matches!(
            kind,
            ToManyKind::Inverse { .. } | ToManyKind::Through { .. }
        ) {
            let modifiers = [
                ("filter", source.filter),
                ("immutable", source.immutable),
                ("write-only", source.write_only),
            ];
            self.refuse(
                "the other side of a relation",
                &modifiers,
                "use it on the field that points back",
            );
        }
    }
}
