//! Places in a design's files, and what is said about them. Reported, never matched on.

mod codes;
pub mod fixture;

pub use codes::{CODES, Code, code};

/// A file of the design, by its position in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self {
            file,
            start: start as u32,
            end: end as u32,
        }
    }

    /// The smallest span that covers both; both lie in the same file.
    pub fn to(self, other: Self) -> Self {
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// One file's path as the user gave it (relative paths stay relative, with `/`) and its text.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
}

/// All files of a design; a [`FileId`] indexes it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub files: Vec<Source>,
}

impl Sources {
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(Source {
            path: path.into(),
            text: text.into(),
        });
        FileId(self.files.len() as u32 - 1)
    }

    pub fn get(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }

    /// One-based line and column (in characters) of a span's start.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = &self.get(span.file).text;
        let mut start = (span.start as usize).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Advice,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }
}

/// A second place that explains the first ("first defined here").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

/// A text change that mends the problem and is safe to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    pub span: Span,
    pub replacement: String,
}

/// What is wrong (`message`, stands alone), where, why it matters (the code's page), what to do (`help`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    /// Absent where there is no honest place (a missing file, an empty folder).
    pub span: Option<Span>,
    /// Said at the place itself, short.
    pub label: Option<String>,
    pub others: Vec<Label>,
    /// In the imperative: sentences, as [`Diagnostic::help`] makes them.
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// `code` must be in [`CODES`]; the severity is the code's own.
    pub fn new(
        code: &'static str,
        span: impl Into<Option<Span>>,
        message: impl Into<String>,
    ) -> Self {
        let severity = codes::code(code).map_or(Severity::Error, |known| known.severity);
        Self {
            code,
            severity,
            message: message.into(),
            span: span.into(),
            label: None,
            others: Vec::new(),
            help: None,
            fix: None,
        }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(sentence(&help.into()));
        self
    }

    pub fn other(mut self, span: Span, message: impl Into<String>) -> Self {
        self.others.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    pub fn fix(
        mut self,
        title: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        self.fix = Some(Fix {
            title: capitalised(&title.into()),
            span,
            replacement: replacement.into(),
        });
        self
    }
}

/// With a capital letter and a full stop, so that all advice reads alike, whoever gives it.
fn sentence(text: &str) -> String {
    let text = capitalised(text);
    match text.ends_with(['.', '?', '!', '…']) {
        true => text,
        false => text + ".",
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

/// True if any diagnostic is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// By file, then place, then code; the order in which they are printed.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
}

/// How many diagnostics are shown of one design.
pub const MAX_DIAGNOSTICS: usize = 500;

/// Keeps the first: nobody reads more, and what follows is most often a consequence. Warnings go before errors do.
pub fn limit(diagnostics: &mut Vec<Diagnostic>) {
    let all = diagnostics.len();
    if all <= MAX_DIAGNOSTICS {
        return;
    }
    if has_errors(diagnostics) {
        diagnostics.retain(|diagnostic| diagnostic.severity == Severity::Error);
    }
    diagnostics.truncate(MAX_DIAGNOSTICS);
    let message = format!("{} more problems are not shown", all - diagnostics.len());
    let mut rest =
        Diagnostic::new("AW003", None, message).help("Mend the first ones and check again.");
    if !has_errors(diagnostics) {
        rest.severity = Severity::Warning;
    }
    diagnostics.push(rest);
}

/// The candidate that was probably meant by a misspelt `name`, if one is near. Its cost is bounded by the candidates,
/// however long the name is: names of requests come here too.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    // A single letter is near to every other.
    let limit = if length < 2 { 0 } else { (length / 3).max(1) };
    let lower = |text: &str| -> Vec<char> {
        let start = text.chars().take(MOST_COMPARED);
        start.flat_map(char::to_lowercase).collect()
    };
    let name = lower(name);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (distance(&name, &lower(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Characters of a name that are compared.
const MOST_COMPARED: usize = 64;

/// Damerau-Levenshtein distance with adjacent transpositions (optimal string alignment), in characters.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(substitution);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_problems_the_errors_are_kept() {
        let check = |errors: usize, warnings: usize, shown: &str| {
            let made = |code, count| (0..count).map(move |_| Diagnostic::new(code, None, ""));
            let mut all: Vec<Diagnostic> = made("AW280", warnings)
                .chain(made("AW220", errors))
                .collect();
            limit(&mut all);
            let last = all.last().map(|last| (last.severity, last.message.clone()));
            assert_eq!(format!("{} {last:?}", all.len()), shown);
        };
        check(500, 0, "500 Some((Error, \"\"))");
        check(
            2,
            600,
            "3 Some((Error, \"600 more problems are not shown\"))",
        );
        check(
            0,
            600,
            "501 Some((Warning, \"100 more problems are not shown\"))",
        );
        check(
            700,
            3,
            "501 Some((Error, \"203 more problems are not shown\"))",
        );
    }

    #[test]
    fn all_advice_is_a_sentence() {
        let help = |text: &str| Diagnostic::new("AW220", None, "").help(text).help;
        assert_eq!(help("use `int`").as_deref(), Some("Use `int`."));
        assert_eq!(
            help("did you mean `a`?").as_deref(),
            Some("Did you mean `a`?")
        );
        assert_eq!(help("`=` comes last.").as_deref(), Some("`=` comes last."));
    }

    #[test]
    fn a_code_is_found_by_its_number_alone() {
        let found = |text: &str| code(text).map(|known| known.code);
        assert_eq!(found("323"), Some("AW323"));
        assert_eq!(found("aw323"), Some("AW323"));
        assert_eq!(found("9"), Some("AW009"));
        assert_eq!(found("AW9"), Some("AW009"));
        assert_eq!(found("999"), None);
        assert_eq!(found("sw323"), None);
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(
            nearest("stauts", ["state", "status", "total"]),
            Some("status")
        );
        assert_eq!(nearest("zzz", ["state", "status"]), None);
        assert_eq!(nearest("STATUSS", ["state", "status"]), Some("status"));
    }

    #[test]
    fn a_name_of_any_length_is_near_to_such_as_are_as_long() {
        let long = "x".repeat(9_000);
        assert_eq!(nearest(&long, ["state", "status"]), None);
        let near = "x".repeat(9_001);
        assert_eq!(nearest(&long, ["state", &near]), Some(near.as_str()));
    }

    #[test]
    fn columns_count_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "é: x\nname: ß y");
        assert_eq!(sources.line_column(Span::new(file, 14, 15)), (2, 8));
    }

    #[test]
    fn every_code_has_a_page_and_codes_are_unique() {
        for (index, known) in CODES.iter().enumerate() {
            assert!(known.page.len() > 80, "{} has no page", known.code);
            assert!(
                CODES[..index].iter().all(|other| other.code != known.code),
                "{} twice",
                known.code
            );
        }
    }
}
