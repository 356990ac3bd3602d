//! How far lines are indented that begin with tabs: as far as the lines around them say.

use std::collections::BTreeMap;

/// The columns of a tab, where nothing else tells how deep a line stands.
const COLUMNS: usize = 4;
/// The columns of one level.
const LEVEL: usize = 2;

/// A line that others may stand under or beside.
struct Line<'t> {
    space: &'t str,
    width: usize,
    /// Keys may be nested under it.
    opens: bool,
}

/// The columns of each line that has a tab in its indentation, by its number from 0.
pub fn widths(text: &str) -> BTreeMap<usize, usize> {
    let mut widths = BTreeMap::new();
    let mut open: Vec<Line<'_>> = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        let content = line.trim_start_matches([' ', '\t']);
        let space = &line[..line.len() - content.len()];
        let width = match space.contains('\t') {
            true => width(space, &open),
            false => space.len(),
        };
        if space.contains('\t') {
            widths.insert(number, width);
        }
        let said = content.split(" #").next().unwrap_or_default().trim_end();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        open.retain(|line| line.width < width);
        open.push(Line {
            space,
            width,
            opens: said.ends_with(':') || said.starts_with("- "),
        });
    }
    widths
}

/// Beside the line above with the same indentation; else below the last line or beside it, or near to where it seems to
/// stand.
fn width(space: &str, open: &[Line<'_>]) -> usize {
    let columns = columns(space);
    let Some(last) = open.last() else {
        return columns;
    };
    if let Some(same) = open.iter().rev().find(|line| line.space == space) {
        return same.width;
    }
    if columns < self::columns(last.space) {
        let near = open.iter().min_by_key(|line| line.width.abs_diff(columns));
        return near.map_or(columns, |line| line.width);
    }
    match last.opens {
        true => last.width + LEVEL,
        false => last.width,
    }
}

fn columns(space: &str) -> usize {
    let width = |character| if character == '\t' { COLUMNS } else { 1 };
    space.chars().map(width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<usize> {
        widths(text).into_values().collect()
    }

    #[test]
    fn lines_with_tabs_stand_where_the_lines_around_them_say() {
        assert_eq!(shown("a:\n\tb:\n\t\tc: 1\n\td: 1\n"), [2, 4, 2]);
        assert_eq!(shown("a:\n  b:\n\tc: 1\n\td: 1\n"), [4, 4]);
        assert_eq!(shown("a:\n  b:\n    c: 1\n\t\td: 1\n    e: 1\n"), [4]);
        assert_eq!(shown("a:\n    b:\n        c: 1\n\td: 1\n"), [4]);
        assert_eq!(shown("a:\n  - b: 1\n\tc: 1\n"), [4]);
    }
}
