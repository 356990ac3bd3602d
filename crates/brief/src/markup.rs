//! A brief as people write it (Markdown, HTML, lists, plain text), taken apart into blocks of plain text.

/// Where a block stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    Heading,
    Paragraph,
    /// A bullet or a numbered point.
    Item,
}

/// Plain text with the place of each of its characters in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub kind: BlockKind,
    pub text: String,
    /// The line in the source at which the block begins, from 1.
    pub line: usize,
}

/// Takes a text apart. Code blocks, tables' rules and tags are left out.
pub fn blocks(source: &str) -> Vec<Block> {
    let source = &without_code(source);
    let mut blocks: Vec<Block> = Vec::new();
    let mut fenced = false;
    let mut open = false;
    let lines: Vec<&str> = source.lines().collect();
    for (index, raw) in lines.iter().enumerate() {
        let line = raw.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
            open = false;
            continue;
        }
        if fenced || line.is_empty() || is_rule(line) {
            open = false;
            continue;
        }
        let next = lines.get(index + 1).map_or("", |next| next.trim());
        let (mut kind, rest) = kind_of(line);
        let alone = !open && (next.is_empty() || kind_of(next).0 == BlockKind::Item);
        if kind == BlockKind::Paragraph && alone && is_title(line) {
            kind = BlockKind::Heading;
        }
        let text = strip(rest);
        if text.is_empty() {
            open = false;
            continue;
        }
        let continues = open && kind == BlockKind::Paragraph && !is_story(&text);
        match blocks.last_mut() {
            Some(last) if continues && last.kind != BlockKind::Heading => {
                last.text.push(' ');
                last.text.push_str(&text);
            }
            _ => blocks.push(Block {
                kind,
                text,
                line: index + 1,
            }),
        }
        open = kind != BlockKind::Heading;
    }
    blocks
}

/// Scripts, styles and comments of a page hold no sentences; their line ends stay, so that lines keep their numbers.
fn without_code(source: &str) -> String {
    let mut text = source.to_owned();
    for (start, end) in [
        ("<script", "</script>"),
        ("<style", "</style>"),
        ("<!--", "-->"),
    ] {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = find(rest, start) {
            let Some(length) = find(&rest[at..], end) else {
                break;
            };
            kept.push_str(&rest[..at]);
            let gone = &rest[at..at + length + end.len()];
            kept.extend(gone.chars().filter(|letter| *letter == '\n'));
            rest = &rest[at + length + end.len()..];
        }
        kept.push_str(rest);
        text = kept;
    }
    text
}

/// Where a tag stands, in capitals or not.
fn find(text: &str, tag: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes
        .windows(tag.len())
        .position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

/// Whether a line begins a user story, which stands alone even without a blank line.
pub fn is_story(text: &str) -> bool {
    let lower: String = text.chars().take(40).collect::<String>().to_lowercase();
    ["as a ", "as an ", "as the ", "in order to "]
        .iter()
        .any(|start| lower.starts_with(start))
        || lower.contains(": as a ")
        || lower.contains(" as a ") && lower.starts_with(|first: char| first.is_ascii_digit())
}

/// A line of dashes, or the line under a table's head.
fn is_rule(line: &str) -> bool {
    line.len() > 2 && line.chars().all(|each| "-=_*|:+ ".contains(each))
}

fn kind_of(line: &str) -> (BlockKind, &str) {
    if let Some(rest) = line.strip_prefix('#') {
        return (BlockKind::Heading, rest.trim_start_matches('#').trim());
    }
    for bullet in ["- [ ] ", "- [x] ", "- ", "* ", "+ ", "• ", "– ", "— ", "> "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return (BlockKind::Item, rest);
        }
    }
    if let Some(rest) = numbered(line) {
        return (BlockKind::Item, rest);
    }
    (BlockKind::Paragraph, line)
}

/// A few words that stand alone and end in no mark.
fn is_title(line: &str) -> bool {
    line.split_whitespace().count() <= 6
        && !line.ends_with(['.', ';', ',', '!', '?', ':'])
        && !line.contains(". ")
        && line.starts_with(|first: char| first.is_uppercase())
}

/// After `1.`, `2)`, `(a)`, `FR-1:`, `R12.`
fn numbered(line: &str) -> Option<&str> {
    let (head, rest) = line.split_once(' ')?;
    let core = head.trim_matches(['(', ')', '.', ':', '[', ']']);
    let marked = head.len() > core.len();
    let digits = core.chars().any(|each| each.is_ascii_digit());
    let code = core
        .chars()
        .all(|each| each.is_ascii_digit() || each.is_ascii_uppercase() || "-._".contains(each));
    let letter = core.len() == 1 && head.ends_with(')');
    (marked && core.len() <= 8 && (digits && code || letter)).then(|| rest.trim())
}

/// Takes emphasis, links, tags and code marks away, and makes quotes and dashes plain.
fn strip(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let current = chars[at];
        match current {
            '*' | '`' => {}
            '_' if boundary(&chars, at) => {}
            '|' => text.push_str(", "),
            '<' => match tag_end(&chars, at) {
                Some(end) => {
                    text.push(' ');
                    at = end;
                }
                None => text.push(current),
            },
            '[' => {}
            ']' if chars.get(at + 1) == Some(&'(') => {
                if let Some(length) = chars[at..].iter().position(|&each| each == ')') {
                    at += length;
                }
            }
            ']' => {}
            '’' | '‘' | '´' => text.push('\''),
            '“' | '”' | '"' | '«' | '»' => text.push('"'),
            '–' | '—' => text.push_str(" - "),
            '\u{a0}' | '\t' => text.push(' '),
            '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
            _ if current.is_control() => {}
            _ => text.push(current),
        }
        at += 1;
    }
    let text = text
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an underscore marks emphasis rather than joining a name.
fn boundary(chars: &[char], at: usize) -> bool {
    let word = |index: Option<usize>| {
        index
            .and_then(|index| chars.get(index))
            .is_some_and(|each| each.is_alphanumeric())
    };
    !(word(at.checked_sub(1)) && word(Some(at + 1)))
}

/// The place of the `>` that ends a tag beginning here, within reason.
fn tag_end(chars: &[char], at: usize) -> Option<usize> {
    let next = *chars.get(at + 1)?;
    if !(next.is_ascii_alphabetic() || next == '/' || next == '!') {
        return None;
    }
    chars[at..]
        .iter()
        .take(400)
        .position(|&each| each == '>')
        .map(|length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[(BlockKind, &str)]) {
        let found = blocks(source);
        let found: Vec<_> = found
            .iter()
            .map(|block| (block.kind, block.text.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn wrapped_lines_are_one_paragraph() {
        check(
            "An order has lines\nand a date.\n\nNext.",
            &[
                (BlockKind::Paragraph, "An order has lines and a date."),
                (BlockKind::Paragraph, "Next."),
            ],
        );
    }

    #[test]
    fn markup_is_taken_away() {
        check(
            "# Shop\n- **Order**: has a [date](x)\n2. <b>Two</b> `things`\n```\ncode\n```",
            &[
                (BlockKind::Heading, "Shop"),
                (BlockKind::Item, "Order: has a date"),
                (BlockKind::Item, "Two things"),
            ],
        );
    }

    #[test]
    fn code_of_a_page_is_left_out() {
        check(
            "<STYLE>\nb { color: red; }\n</style><h1>Shop</h1>\n<script>var x = 1; f();</script>\n<!-- later -->\nAn order has lines.",
            &[
                (BlockKind::Paragraph, "Shop"),
                (BlockKind::Paragraph, "An order has lines."),
            ],
        );
        let blocks = blocks("<script>\n\n</script>\nAn order.");
        assert_eq!(blocks[0].line, 4);
    }

    #[test]
    fn each_user_story_stands_alone() {
        check(
            "As a member, I want to book.\nAs a trainer, I want to see.",
            &[
                (BlockKind::Paragraph, "As a member, I want to book."),
                (BlockKind::Paragraph, "As a trainer, I want to see."),
            ],
        );
    }
}
