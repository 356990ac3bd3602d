//! Names of files: a client's, made harmless, and as `Content-Disposition` says them (RFC 6266).

use super::kind::{Kind, is_shown};
use archwright_store::StoredFile;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const LONGEST: usize = 120;
/// What RFC 8187 lets stand in an extended value.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// The last part of the client's path, without characters that hide others, ending as files of its kind do.
pub(super) fn harmless(given: Option<&str>, field: &str, kind: &Kind) -> String {
    let last = given.unwrap_or_default().rsplit(['/', '\\']).next();
    let shown: String = last
        .unwrap_or_default()
        .chars()
        .filter(|letter| !letter.is_control() && !is_invisible(*letter))
        .collect();
    let mut name = shown.trim_matches(|letter: char| letter == '.' || letter.is_whitespace());
    if name.is_empty() {
        name = field;
    }
    let end = kind.extension;
    let ends_right = end.is_empty()
        || name.rsplit_once('.').is_some_and(|(_, found)| {
            let found = found.to_ascii_lowercase();
            found == end || same(end).contains(&found.as_str())
        });
    let (name, end) = match ends_right {
        true => match name.rsplit_once('.') {
            Some((stem, end)) if end.len() <= 10 => (stem, end),
            _ => (name, ""),
        },
        false => (name, end),
    };
    let stem: String = name.chars().take(LONGEST - 11).collect();
    match end {
        "" => stem,
        end => format!("{stem}.{end}"),
    }
}

/// Other endings of the same kind.
fn same(extension: &str) -> &'static [&'static str] {
    match extension {
        "jpg" => &["jpeg", "jpe", "jfif"],
        "tif" => &["tiff"],
        "txt" => &["text", "log"],
        "md" => &["markdown"],
        "yaml" => &["yml"],
        "html" => &["htm"],
        "mp4" => &["m4v", "m4a"],
        "mov" => &["qt"],
        "gz" => &["tgz"],
        "zip" => &["docx", "xlsx", "pptx", "odt", "ods", "odp", "jar", "epub"],
        _ => &[],
    }
}

/// Marks of direction and of no width make a name look like another.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `attachment; filename="photo.png"; filename*=UTF-8''…`
pub(super) fn disposition(file: &StoredFile) -> HeaderValue {
    let how = match is_shown(&file.media_type) {
        true => "inline",
        false => "attachment",
    };
    let plain: String = file
        .name
        .chars()
        .map(|letter| match letter {
            ' '..='~' if !matches!(letter, '"' | '\\' | '%') => letter,
            _ => '_',
        })
        .collect();
    let extended = utf8_percent_encode(&file.name, ESCAPED);
    let value = match plain == file.name {
        true => format!("{how}; filename=\"{plain}\""),
        false => format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{extended}"),
    };
    HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let kind = Kind {
            media_type: "image/png".to_owned(),
            extension: "png",
        };
        let given = Some(given).filter(|given| !given.is_empty());
        assert_eq!(harmless(given, "picture", &kind), expected);
    }

    #[test]
    fn names_are_made_harmless() {
        check("Ünder the sea.PNG", "Ünder the sea.PNG");
        check("", "picture.png");
        check("../../etc/passwd", "passwd.png");
        check("C:\\temp\\a.png", "a.png");
        check("..", "picture.png");
        check("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png");
        check("photo.html", "photo.html.png");
        check("photo\u{202e}gnp.exe", "photognp.exe.png");
        check(" . ", "picture.png");
        let long = format!("{}.png", "é".repeat(500));
        let kept = format!("{}.png", "é".repeat(LONGEST - 11));
        check(&long, &kept);
    }

    #[track_caller]
    fn disposed(name: &str, media_type: &str, expected: &str) {
        let file = StoredFile {
            id: String::new(),
            path: String::new(),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: 0,
            sha256: [0; 32],
        };
        assert_eq!(disposition(&file), expected);
    }

    #[test]
    fn a_disposition_escapes_the_name() {
        disposed("a b.png", "image/png", "inline; filename=\"a b.png\"");
        let expected = "attachment; filename=\"x_.svg\"; filename*=UTF-8''x%22.svg";
        disposed("x\".svg", "image/svg+xml", expected);
        let expected = "attachment; filename=\"_ _.pdf\"; filename*=UTF-8''%E2%82%AC%20%25.pdf";
        disposed("€ %.pdf", "application/pdf", expected);
        let expected = "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab";
        disposed("a\r\nb", "text/html", expected);
    }
}
