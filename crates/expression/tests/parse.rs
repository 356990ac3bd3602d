//! Expressions with the tree or the messages that they give.
#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

use archwright_expression::ast::{Kind, Node, Operator};
use archwright_expression::parse;

/// A tree in prefix form, each composite node with the text that its range covers.
fn show(text: &str, node: &Node) -> String {
    let all = |nodes: &[Node]| {
        nodes
            .iter()
            .map(|node| format!(" {}", show(text, node)))
            .collect::<String>()
    };
    let inner = match &node.kind {
        Kind::Null => return "null".to_owned(),
        Kind::Bool(value) => return value.to_string(),
        Kind::Int(value) => return value.to_string(),
        Kind::Decimal(digits) => return digits.clone(),
        Kind::String(value) => return format!("{value:?}"),
        Kind::Identifier(name) => return name.clone(),
        Kind::Select {
            of,
            field,
            field_range,
        } => {
            assert_eq!(&text[field_range.clone()], field);
            format!(".{field} {}", show(text, of))
        }
        Kind::Not(inner) => format!("not {}", show(text, inner)),
        Kind::Negate(inner) => format!("negate {}", show(text, inner)),
        Kind::Binary {
            operator,
            left,
            right,
        } => {
            format!(
                "{} {} {}",
                operator_name(*operator),
                show(text, left),
                show(text, right)
            )
        }
        Kind::Conditional {
            test,
            then,
            otherwise,
        } => {
            format!(
                "if {} {} {}",
                show(text, test),
                show(text, then),
                show(text, otherwise)
            )
        }
        Kind::List(items) => format!("list{}", all(items)),
        Kind::Call {
            of,
            name,
            name_range,
            arguments,
        } => {
            assert_eq!(&text[name_range.clone()], name);
            let of = of
                .as_deref()
                .map(|of| format!(" of {}", show(text, of)))
                .unwrap_or_default();
            format!("{name}{of}{}", all(arguments))
        }
    };
    format!("({inner} @{})", &text[node.range.clone()])
}

fn operator_name(operator: Operator) -> String {
    format!("{operator:?}").to_lowercase()
}

fn check(text: &str, expected: &str) {
    assert_eq!(show(text, &parse(text).unwrap()), expected, "{text}");
}

/// Each message with the text that it points at and its help.
fn refuse(text: &str, expected: &str) {
    let errors = parse(text).unwrap_err();
    let shown: Vec<String> = errors
        .iter()
        .map(|error| {
            let help = error
                .help
                .as_deref()
                .map(|help| format!("; {help}"))
                .unwrap_or_default();
            format!("[{}] {}{help}", &text[error.range.clone()], error.message)
        })
        .collect();
    assert_eq!(shown.join(" | "), expected, "{text}");
}

#[test]
fn ranges_cover_what_was_written() {
    check("a.b == 1.50", "(equal (.b a @a.b) 1.50 @a.b == 1.50)");
    check("'é€' + b.c", "(add \"é€\" (.c b @b.c) @'é€' + b.c)");
    check(
        "(a + b) * -5",
        "(multiply (add a b @a + b) -5 @(a + b) * -5)",
    );
    check("x == - .5", "(equal x -0.5 @x == - .5)");
    check("!(a)", "(not a @!(a))");
    check("a ? b : (c)", "(if a b c @a ? b : (c))");
    check(
        "x in ['a', 1]",
        "(in x (list \"a\" 1 @['a', 1]) @x in ['a', 1])",
    );
    check("(a.b).lower()", "(lower of (.b a @a.b) @(a.b).lower())");
    check("null != true", "(notequal null true @null != true)");
}

#[test]
fn logic_is_binary_and_macros_stay_calls() {
    check("a && b || c", "(or (and a b @a && b) c @a && b || c)");
    check(
        "a.exists(x, x > 1)",
        "(exists of a x (greater x 1 @x > 1) @a.exists(x, x > 1))",
    );
    check(
        "a.filter(x, x).map(y, y)",
        "(map of (filter of a x x @a.filter(x, x)) y y @a.filter(x, x).map(y, y))",
    );
    check("size(lines)", "(size lines @size(lines))");
    check(
        "sum(lines, l, l.a)",
        "(sum lines l (.a l @l.a) @sum(lines, l, l.a))",
    );
}

#[test]
fn mistakes_of_other_languages_are_named() {
    refuse("a = b", "[=] `=` does not compare; use `==`");
    refuse(
        "a === b",
        "[===] `===` is not an operator; compare with `==`",
    );
    refuse("a <> b", "[<>] `<>` is not an operator; compare with `!=`");
    refuse(
        "a and b or c",
        "[and] `and` is not an operator here; use `&&` | [or] `or` is not an operator here; use `||`",
    );
    refuse("not a", "[not] `not` is not an operator here; use `!`");
    refuse(
        "a\u{a0}== b",
        "[\u{a0}] the character U+00A0 has no meaning here; put a plain space in its place",
    );
    refuse(
        "a\u{b}\0",
        "[\u{b}] the character U+000B has no meaning here; put a plain space in its place | [\0] the character U+0000 has no meaning here; put a plain space in its place",
    );
    refuse("a & b", "[&] `&` has no meaning here; use `&&`");
    refuse(
        "“x” == a",
        "[“] `“` has no meaning here; use the straight quote `'` | [”] `”` has no meaning here; use the straight quote `'`",
    );
}

#[test]
fn syntax_errors_say_what_was_expected() {
    refuse(
        "a b",
        "[b] expected an operator or the end, found `b`; join conditions with `&&` or `||`; text goes in `'quotes'`",
    );
    refuse(
        "é",
        "[é] `é` has no meaning here; put text in `'quotes'`; names are letters, digits and `_`",
    );
    refuse(
        "a @@# b",
        "[@@#] `@@#` has no meaning here; put text in `'quotes'`; names are letters, digits and `_`",
    );
    refuse("'é' == ", "[==] a value is missing after `==`");
    refuse(
        "a && || b",
        "[||] expected a value, found `||`; something is missing after `&&`",
    );
    refuse("f(a", "[(] this `(` is never closed; add `)`");
    refuse("a)", "[)] this `)` closes nothing; remove it");
    refuse("f(a]", "[]] expected `)`, found `]`");
    refuse("'abc", "['abc] this text is never closed; end it with '");
    refuse(
        "'a\\q'",
        "[\\] this escape does not exist; write `\\\\` for a backslash",
    );
    refuse(
        "",
        "[] the expression is empty; write a condition or a value",
    );
    refuse(
        "package == 1",
        "[package] `package` is a reserved word; write `'package'` if it is a value, and `self.package` if it is a field",
    );
    refuse(
        "99999999999999999999",
        "[99999999999999999999] `99999999999999999999` is too large for a number",
    );
}

#[test]
fn what_has_no_query_is_refused() {
    refuse(
        "a[0]",
        "[[0]] a list can't be indexed; pick a row with `exists`, `filter` or a `where`",
    );
    refuse("{'a': 1}", "[{] a map can't be used in an expression");
    refuse("T{a: 1}", "[{] an object can't be made in an expression");
    refuse("1u", "[1u] a number can't end with `u`; remove the `u`");
    refuse(
        "b'x'",
        "[b'x'] bytes can't be used in an expression; remove the `b` before the quote",
    );
    refuse(
        "1e5",
        "[1e5] a number can't have an exponent; write all of its digits",
    );
    refuse(
        "a.?b",
        "[.] optional access is not part of the language; a path through a missing row is missing itself: write `.`",
    );
}

#[test]
fn hostile_sizes_are_refused_before_parsing() {
    let hostile = [
        "a".repeat(5000),
        format!("{}a{}", "(".repeat(40), ")".repeat(40)),
        "[".repeat(4000),
        format!("{}a", "!".repeat(4000)),
        format!("{}a", "-".repeat(4000)),
        format!("a{}", ".b".repeat(2000)),
        format!("a{}", "+a".repeat(2000)),
        format!("a{}", "?a:a".repeat(900)),
        format!("a{}", ".b()".repeat(900)),
    ];
    for text in hostile {
        assert!(parse(&text).is_err(), "{}", &text[..20]);
    }
    let fine = [
        format!("{}a{}", "(".repeat(32), ")".repeat(32)),
        format!("a{}", "&&a".repeat(1000)),
    ];
    for text in fine {
        assert!(parse(&text).is_ok(), "{}", &text[..20]);
    }
}

/// The largest text of a series that is accepted.
fn largest(series: impl Fn(usize, usize) -> String) -> String {
    let texts = (1..=33)
        .step_by(4)
        .flat_map(|depth| (0..70).step_by(6).map(move |length| (depth, length)));
    let accepted = texts
        .map(|(depth, length)| series(depth, length))
        .filter(|text| text.len() < 4096 && parse(text).is_ok());
    accepted.max_by_key(String::len).unwrap()
}

/// An operand in brackets, with more behind it, again and again: each level makes the tree deeper.
fn nested(depth: usize, behind: &str) -> String {
    (0..depth).fold("a".to_owned(), |text, _| format!("({text}){behind}"))
}

#[test]
fn the_deepest_accepted_trees_fit_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        let texts = [
            largest(|depth, length| nested(depth, &"+a".repeat(length))),
            largest(|depth, length| nested(depth, &".b".repeat(length))),
            largest(|depth, length| nested(depth, &".b()".repeat(length))),
            largest(|depth, _| nested(depth, "?a:a")),
            largest(|depth, _| format!("{}a{}", "a.b(!".repeat(depth), ")".repeat(depth))),
            largest(|depth, _| format!("{}a{}", "[a, a == ".repeat(depth), "]".repeat(depth))),
        ];
        texts.iter().map(String::len).min()
    });
    assert!(small.unwrap().join().unwrap() > Some(30));
}

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

#[test]
fn mutated_expressions_never_panic_and_errors_lie_inside() {
    const SEEDS: [&str; 8] = [
        "lines.sum(l, l.quantity * l.price) > 12.50 && !closed",
        "status == 'draft' || caller.organisation == self.organisation",
        "now - created_at < duration('7d') ? 'new' : \"old\"",
        "'staff' in caller.roles && tags.exists(t, t.name.startsWith('é€'))",
        "a.?b + [1, 2u, b'x', r'\\', -0x1F][0]",
        "{'a': T{b: 1}} // note\n == null",
        "has(x.y) && x.all(k, v, k == v)",
        "'''triple''' + \"\"\"quotes\"\"\" + '\\u00e9'",
    ];
    const PIECES: [&str; 24] = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "\\",
        ".",
        ",",
        "&&",
        "||",
        "!",
        "-",
        "?",
        ":",
        "=",
        "é",
        "\u{0}",
        "\n",
        "//",
        "in ",
        "9999999999",
    ];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..6000 {
        let mut characters: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(characters.len().max(1)).min(characters.len());
            match random.below(4) {
                0 if !characters.is_empty() => {
                    characters.remove(at.min(characters.len() - 1));
                }
                1 => characters.truncate(at),
                2 => {
                    let other = SEEDS[random.below(SEEDS.len())]
                        .chars()
                        .skip(random.below(20))
                        .take(random.below(20));
                    characters.splice(at..at, other);
                }
                _ => drop(characters.splice(at..at, PIECES[random.below(PIECES.len())].chars())),
            }
        }
        let text: String = characters.into_iter().collect();
        match parse(&text) {
            Ok(tree) => drop(show_ranges(&text, &tree)),
            Err(errors) => {
                assert!(!errors.is_empty());
                for error in errors {
                    assert!(
                        text.get(error.range.clone()).is_some(),
                        "{text:?}: {error:?}"
                    );
                }
            }
        }
    }
}

fn show_ranges(text: &str, tree: &Node) -> String {
    assert!(text.get(tree.range.clone()).is_some(), "{text:?}: {tree:?}");
    show(text, tree)
}
