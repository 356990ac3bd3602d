//! One text that a regular expression finds something in, for examples.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A text that matches, of at least `min` characters where the pattern can grow so long.
pub(crate) fn matching(pattern: &str, min: usize, max: usize) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut growth = 0;
    while growth <= max.min(64) {
        let mut text = String::new();
        write(&hir, growth, &mut text)?;
        let length = text.chars().count();
        if length >= min {
            return (length <= max).then_some(text);
        }
        growth += 1;
    }
    let mut text = String::new();
    write(&hir, 0, &mut text)?;
    let missing = min.saturating_sub(text.chars().count());
    let anchored = pattern.ends_with('$');
    (!anchored && min <= max).then(|| format!("{text}{}", "0".repeat(missing)))
}

/// Repetitions run `growth` times more than they must, within their limits.
fn write(hir: &Hir, growth: usize, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(member(class, text.chars().count())?),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.map_or(usize::MAX, |max| max as usize);
            let wanted = repetition.min as usize + growth;
            // Digits of a plausible code are seldom fewer than it may have.
            for _ in 0..wanted.min(most).min(4_096) {
                write(&repetition.sub, growth, text)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, growth, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, growth, text)?;
            }
        }
        HirKind::Alternation(parts) => write(parts.first()?, growth, text)?,
    }
    Some(())
}

/// A readable member of a class: a letter or a digit where it has one, another one at each place.
fn member(class: &Class, place: usize) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .map(|range| (char::from(range.start()), char::from(range.end())))
            .collect(),
    };
    let holds = |wanted: &char| {
        ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(wanted))
    };
    let offset = place % 10;
    let letters = ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"];
    let digits = "123456789012345678901";
    digits
        .chars()
        .skip(offset)
        .find(holds)
        .or_else(|| {
            letters
                .iter()
                .find_map(|set| set.chars().skip(offset).find(holds))
        })
        .or_else(|| letters.iter().find_map(|set| set.chars().find(holds)))
        .or_else(|| ranges.first().map(|(from, _)| *from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, min: usize, max: usize) {
        let text = matching(pattern, min, max);
        let schema = serde_json::json!({ "pattern": pattern, "minLength": min, "maxLength": max });
        let valid = text
            .as_deref()
            .is_some_and(|text| jsonschema::is_valid(&schema, &text.into()));
        assert!(valid, "{text:?} for {pattern}");
    }

    #[test]
    fn the_text_matches_its_pattern() {
        check("^97[89]", 13, 13);
        check("^97[89][0-9]{10}$", 13, 13);
        check("^[A-Z]{3}$", 3, 3);
        check("^[a-z][a-z0-9_]*$", 5, 20);
        check("^(EUR|USD)$", 0, 3);
        check("^[^@]+@[^@]+$", 0, 50);
        check("\\d{2}-\\w+", 8, 20);
        check("^[0-9]{4}( [0-9]{4}){3}$", 1, 40);
    }
}
