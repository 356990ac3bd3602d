//! Runs the CEL parser and turns its tree into ours.

use crate::ast::{Kind, Node, Operator, SyntaxError};
use crate::syntax::{error, foreign_words, too_deep, too_long, unbalanced, unexpected};
use crate::token::{Token, TokenKind, scan};
use cel::Env;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators};
use std::ops::Range;
use std::sync::LazyLock;

/// No macros: `exists`, `all` and the others stay calls.
static ENVIRONMENT: LazyLock<Env> = LazyLock::new(Env::default);

/// Reads one expression. Total: any text gives a tree or errors, never a panic, in bounded time and stack.
pub fn parse(text: &str) -> Result<Node, Vec<SyntaxError>> {
    if let Some(error) = too_long(text) {
        return Err(vec![error]);
    }
    let (tokens, errors) = scan(text);
    if !errors.is_empty() {
        let mut errors = errors;
        errors.extend(foreign_words(text, &tokens));
        errors.sort_by_key(|error| error.range.start);
        return Err(errors);
    }
    if let Some(error) = too_deep(text, &tokens).or_else(|| unbalanced(text, &tokens)) {
        return Err(vec![error]);
    }
    match ENVIRONMENT.parser().parse_with_source_info(text) {
        Ok((tree, info)) => Converter {
            text,
            tokens: &tokens,
            info: &info,
        }
        .node(&tree)
        .map_err(|error| vec![error]),
        Err(failure) => {
            let foreign = foreign_words(text, &tokens);
            if !foreign.is_empty() {
                return Err(foreign);
            }
            let first = failure.errors.first();
            let (offset, message) = first.map_or((text.len(), ""), |first| {
                (offset_of(text, first.pos), &first.msg[..])
            });
            Err(vec![unexpected(text, &tokens, offset, message)])
        }
    }
}

/// The parser counts lines and characters from one.
fn offset_of(text: &str, (line, column): (isize, isize)) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take((line - 1).max(0) as usize)
        .map(str::len)
        .sum();
    let rest = &text[line_start..];
    line_start
        + rest
            .char_indices()
            .nth((column - 1).max(0) as usize)
            .map_or(rest.len(), |(offset, _)| offset)
}

struct Converter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    info: &'a SourceInfo,
}

impl Converter<'_> {
    fn node(&self, tree: &IdedExpr) -> Result<Node, SyntaxError> {
        let key = self.key(tree.id);
        match &tree.expr {
            Expr::Ident(name) if name.starts_with('.') => Err(error(
                key,
                "a name can't begin with a dot",
                Some("remove the dot"),
            )),
            Expr::Ident(name) => Ok(Node {
                kind: Kind::Identifier(name.clone()),
                range: key,
            }),
            Expr::Literal(literal) => self.literal(literal, key),
            Expr::Select(select) => self.select(select, key),
            Expr::Call(call) => self.call(call, key),
            Expr::List(list) => {
                let items = list
                    .elements
                    .iter()
                    .map(|item| self.node(item))
                    .collect::<Result<_, _>>()?;
                Ok(Node {
                    kind: Kind::List(items),
                    range: key.start..self.closing(key.start),
                })
            }
            Expr::Map(_) => Err(error(key, "a map can't be used in an expression", None)),
            Expr::Struct(_) => Err(error(key, "an object can't be made in an expression", None)),
            Expr::Comprehension(_) | Expr::Unspecified => {
                Err(error(key, "this can't be used in an expression", None))
            }
        }
    }

    /// The bytes of the token by which the parser knows a node: its operator, bracket or word.
    fn key(&self, id: u64) -> Range<usize> {
        let (start, stop) = self.info.offset_for(id).unwrap_or((0, 0));
        let start = (start as usize).min(self.text.len());
        let end = (stop as usize)
            .saturating_add(1)
            .clamp(start, self.text.len());
        let known = self
            .tokens
            .iter()
            .find(|token| token.range.contains(&start));
        known.map_or(start..end, |token| token.range.clone())
    }

    fn literal(&self, literal: &LiteralValue, key: Range<usize>) -> Result<Node, SyntaxError> {
        let mut range = key.clone();
        let written = &self.text[key.clone()];
        let kind = match literal {
            LiteralValue::Null => Kind::Null,
            LiteralValue::Boolean(value) => Kind::Bool(*value.inner()),
            LiteralValue::String(value) => Kind::String(value.inner().to_owned()),
            LiteralValue::Int(value) => {
                range = self.with_sign(range, *value.inner() < 0);
                Kind::Int(*value.inner())
            }
            LiteralValue::Double(value) => {
                if written.contains(['e', 'E']) {
                    return Err(error(
                        key,
                        "a number can't have an exponent",
                        Some("write all of its digits"),
                    ));
                }
                let negative = value.inner().is_sign_negative();
                range = self.with_sign(range, negative);
                let zero = if written.starts_with('.') { "0" } else { "" };
                Kind::Decimal(format!(
                    "{}{zero}{written}",
                    if negative { "-" } else { "" }
                ))
            }
            LiteralValue::UInt(_) => {
                return Err(error(
                    key,
                    "a number can't end with `u`",
                    Some("remove the `u`"),
                ));
            }
            LiteralValue::Bytes(_) => {
                return Err(error(
                    key,
                    "bytes can't be used in an expression",
                    Some("remove the `b` before the quote"),
                ));
            }
        };
        Ok(Node { kind, range })
    }

    /// A negative number's token has no sign; the minus stands before it.
    fn with_sign(&self, range: Range<usize>, negative: bool) -> Range<usize> {
        let before = self.token_before(range.start);
        match before {
            Some(minus) if negative && &self.text[minus.range.clone()] == "-" => {
                minus.range.start..range.end
            }
            _ => range,
        }
    }

    fn select(&self, select: &SelectExpr, key: Range<usize>) -> Result<Node, SyntaxError> {
        let of = self.node(&select.operand)?;
        let field_range = self
            .token_from(key.end)
            .map_or(key.clone(), |token| token.range.clone());
        let range = self.grouped(&of).start..field_range.end;
        Ok(Node {
            kind: Kind::Select {
                of: Box::new(of),
                field: select.field.clone(),
                field_range,
            },
            range,
        })
    }

    fn call(&self, call: &CallExpr, key: Range<usize>) -> Result<Node, SyntaxError> {
        let mut arguments = call
            .args
            .iter()
            .map(|argument| self.node(argument))
            .collect::<Result<Vec<_>, _>>()?;
        let name = &call.func_name[..];
        if call.target.is_none() {
            if let (Some(operator), 2) = (binary(name), arguments.len()) {
                let (left, right) = pair(&mut arguments, &key)?;
                let range = self.grouped(&left).start..self.grouped(&right).end;
                return Ok(Node {
                    kind: Kind::Binary {
                        operator,
                        left: Box::new(left),
                        right: Box::new(right),
                    },
                    range,
                });
            }
            if matches!(name, operators::LOGICAL_NOT | operators::NEGATE) {
                let inner = arguments
                    .pop()
                    .ok_or_else(|| error(key.clone(), "a value is missing", None))?;
                let range = key.start..self.grouped(&inner).end;
                let inner = Box::new(inner);
                let kind = if name == operators::NEGATE {
                    Kind::Negate(inner)
                } else {
                    Kind::Not(inner)
                };
                return Ok(Node { kind, range });
            }
            match name {
                operators::CONDITIONAL => return self.conditional(arguments, key),
                operators::INDEX => {
                    let help = Some("pick a row with `exists`, `filter` or a `where`");
                    return Err(error(
                        key.start..self.closing(key.start),
                        "a list can't be indexed",
                        help,
                    ));
                }
                operators::OPT_INDEX | operators::OPT_SELECT => {
                    let help = Some("a path through a missing row is missing itself: write `.`");
                    return Err(error(
                        key,
                        "optional access is not part of the language",
                        help,
                    ));
                }
                _ => {}
            }
        }
        self.named_call(call, arguments, key)
    }

    fn conditional(&self, arguments: Vec<Node>, key: Range<usize>) -> Result<Node, SyntaxError> {
        let Ok([test, then, otherwise]) = <[Node; 3]>::try_from(arguments) else {
            return Err(error(
                key,
                "a condition takes the form `test ? value : other`",
                None,
            ));
        };
        let range = self.grouped(&test).start..self.grouped(&otherwise).end;
        let kind = Kind::Conditional {
            test: Box::new(test),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Ok(Node { kind, range })
    }

    fn named_call(
        &self,
        call: &CallExpr,
        arguments: Vec<Node>,
        key: Range<usize>,
    ) -> Result<Node, SyntaxError> {
        let name_range = self
            .token_before(key.start)
            .map_or(key.clone(), |token| token.range.clone());
        let end = self.closing(key.start);
        if call.func_name.starts_with('.') {
            return Err(error(
                name_range,
                "a name can't begin with a dot",
                Some("remove the dot"),
            ));
        }
        let of = call
            .target
            .as_deref()
            .map(|target| self.node(target))
            .transpose()?;
        let start = of
            .as_ref()
            .map_or(name_range.start, |of| self.grouped(of).start);
        let name = call.func_name.clone();
        Ok(Node {
            kind: Kind::Call {
                of: of.map(Box::new),
                name,
                name_range,
                arguments,
            },
            range: start..end,
        })
    }

    fn token_before(&self, offset: usize) -> Option<&Token> {
        let index = self
            .tokens
            .partition_point(|token| token.range.end <= offset);
        self.tokens.get(index.checked_sub(1)?)
    }

    fn token_from(&self, offset: usize) -> Option<&Token> {
        self.tokens.get(
            self.tokens
                .partition_point(|token| token.range.start < offset),
        )
    }

    /// The end of the bracket that pairs with the one at `open`.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for token in &self.tokens[self
            .tokens
            .partition_point(|token| token.range.start < open)..]
        {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return token.range.end;
            }
        }
        self.text.len()
    }

    /// A node's range with the brackets that group it, which the tree doesn't keep.
    fn grouped(&self, node: &Node) -> Range<usize> {
        let mut range = node.range.clone();
        while let (Some(before), Some(after)) =
            (self.token_before(range.start), self.token_from(range.end))
        {
            if &self.text[before.range.clone()] != "(" || &self.text[after.range.clone()] != ")" {
                break;
            }
            range = before.range.start..after.range.end;
        }
        range
    }
}

fn pair(arguments: &mut Vec<Node>, key: &Range<usize>) -> Result<(Node, Node), SyntaxError> {
    match (arguments.pop(), arguments.pop()) {
        (Some(right), Some(left)) => Ok((left, right)),
        _ => Err(error(key.clone(), "a value is missing", None)),
    }
}

fn binary(name: &str) -> Option<Operator> {
    Some(match name {
        operators::LOGICAL_AND => Operator::And,
        operators::LOGICAL_OR => Operator::Or,
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::NotEqual,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        operators::IN => Operator::In,
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        _ => return None,
    })
}
