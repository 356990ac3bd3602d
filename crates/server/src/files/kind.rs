//! What a file is, by its bytes; what a client calls it counts for texts that look alike only.

use http::HeaderValue;

/// As many bytes as it takes to tell.
pub(super) const HEAD_LENGTH: usize = 8 * 1024;

/// Texts of these types are told apart by what the client says.
const TEXTS: [(&str, &str); 8] = [
    ("text/plain", "txt"),
    ("text/csv", "csv"),
    ("text/tab-separated-values", "tsv"),
    ("text/markdown", "md"),
    ("text/calendar", "ics"),
    ("text/vcard", "vcf"),
    ("application/json", "json"),
    ("application/yaml", "yaml"),
];
/// What a browser shows without running anything. No SVG, no HTML, no XML, no PDF.
const SHOWN: [&str; 18] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/heif",
    "text/plain",
    "audio/mpeg",
    "audio/ogg",
    "audio/x-wav",
    "audio/x-flac",
    "audio/aac",
    "audio/m4a",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "video/x-m4v",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub media_type: String,
    /// What names of such files end with; empty where nothing is known.
    pub extension: &'static str,
}

/// `is_text`: all of the file is UTF-8 without control characters. `claimed`: the client's word.
pub(super) fn kind(head: &[u8], is_text: bool, claimed: Option<&str>, accepted: &[String]) -> Kind {
    match is_text {
        true => text(head, claimed, accepted),
        false => infer::get(head)
            .filter(|found| found.matcher_type() != infer::MatcherType::Text)
            .map_or(made("application/octet-stream", ""), |found| {
                made(found.mime_type(), found.extension())
            }),
    }
}

fn made(media_type: &str, extension: &'static str) -> Kind {
    Kind {
        media_type: media_type.to_owned(),
        extension,
    }
}

fn text(head: &[u8], claimed: Option<&str>, accepted: &[String]) -> Kind {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let start = start.trim_ascii_start();
    for (media_type, extension) in [
        ("application/pdf", "pdf"),
        ("application/rtf", "rtf"),
        ("application/postscript", "ps"),
        ("text/x-shellscript", "sh"),
    ] {
        if infer::is_mime(start, media_type) {
            return made(media_type, extension);
        }
    }
    if start.starts_with(b"<") && contains(start, b"<svg") {
        return made("image/svg+xml", "svg");
    }
    if infer::is_mime(start, "text/html") || contains(start, b"<html") {
        return made("text/html", "html");
    }
    if infer::is_mime(start, "text/xml") {
        let other = "application/xml";
        let media_type = match accepted.iter().any(|name| name == other) {
            true => other,
            false => "text/xml",
        };
        return made(media_type, "xml");
    }
    let claimed = TEXTS.iter().find(|(name, _)| Some(*name) == claimed);
    let (media_type, extension) = claimed.unwrap_or(&TEXTS[0]);
    made(media_type, extension)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

/// `accepted` may hold `image/*`; an empty list accepts everything.
pub(super) fn accepts(accepted: &[String], media_type: &str) -> bool {
    let main = media_type.split('/').next().unwrap_or_default();
    let fits = |name: &String| name == media_type || name.strip_suffix("/*") == Some(main);
    accepted.is_empty() || accepted.iter().any(fits)
}

/// A browser may show it in its own window.
pub(super) fn is_shown(media_type: &str) -> bool {
    SHOWN.contains(&media_type)
}

pub(super) fn media_type_header(media_type: &str) -> HeaderValue {
    let octets = HeaderValue::from_static("application/octet-stream");
    match media_type.starts_with("text/") {
        true => HeaderValue::from_str(&format!("{media_type}; charset=utf-8")).unwrap_or(octets),
        false => HeaderValue::from_str(media_type).unwrap_or(octets),
    }
}

/// Whether the bytes so far are text, as they come in.
#[derive(Default)]
pub(super) struct TextCheck {
    failed: bool,
    /// The beginning of a character whose rest is still to come.
    rest: Vec<u8>,
}

impl TextCheck {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if self.failed {
            return;
        }
        let joined;
        let bytes = match self.rest.is_empty() {
            true => bytes,
            false => {
                joined = [&self.rest[..], bytes].concat();
                &joined
            }
        };
        self.failed = bytes.iter().any(|byte| is_control(*byte));
        let rest = match std::str::from_utf8(bytes) {
            Ok(_) => &[][..],
            Err(error) => {
                self.failed |= error.error_len().is_some();
                &bytes[error.valid_up_to()..]
            }
        };
        self.rest = rest.to_vec();
    }

    pub(super) fn is_text(&self) -> bool {
        !self.failed && self.rest.is_empty()
    }
}

fn is_control(byte: u8) -> bool {
    byte == 0x7f || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], claimed: &str, expected: &str) {
        let mut text = TextCheck::default();
        // In pieces that split characters.
        bytes.chunks(3).for_each(|chunk| text.update(chunk));
        let claimed = Some(claimed).filter(|claimed| !claimed.is_empty());
        let found = kind(bytes, text.is_text(), claimed, &[]);
        assert_eq!(found.media_type, expected, "{}", bytes.escape_ascii());
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn bytes_say_what_a_file_is() {
        check(PNG, "", "image/png");
        check(PNG, "text/html", "image/png");
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", "image/png", "image/jpeg");
        check(b"RIFF\0\0\0\0WEBPVP8 ", "image/png", "image/webp");
        check(b"%PDF-1.7\n", "image/png", "application/pdf");
        check(
            b"MZ\x90\0\x03",
            "image/png",
            "application/vnd.microsoft.portable-executable",
        );
        check(b"\0\x01\x02", "image/png", "application/octet-stream");
        check(b"<html>\0", "image/png", "application/octet-stream");
    }

    #[test]
    fn texts_are_what_the_client_says_unless_they_could_run() {
        check("a;b;ü\n".as_bytes(), "text/csv", "text/csv");
        check(b"{}", "application/json", "application/json");
        check(b"hello", "image/png", "text/plain");
        check(b"hello", "text/html", "text/plain");
        check(b"BM is how this begins", "image/bmp", "text/plain");
        check(
            b"<svg xmlns='x'><script/></svg>",
            "text/plain",
            "image/svg+xml",
        );
        check(
            b"<?xml version='1.0'?>\n<!-- -->\n<SVG/>",
            "image/png",
            "image/svg+xml",
        );
        check(
            b"\xef\xbb\xbf \n<!DOCTYPE html><p>",
            "text/plain",
            "text/html",
        );
        check(b"<!-- --><x><HTML>", "text/csv", "text/html");
        check(b"<?xml version='1.0'?><a/>", "text/plain", "text/xml");
        check(b"#!/bin/sh\n", "text/plain", "text/x-shellscript");
    }

    #[test]
    fn text_is_utf_8_without_control_characters() {
        for (bytes, expected) in [
            (&b""[..], true),
            ("zeile\r\n\u{fc}\u{20ac}\u{1f600}\t".as_bytes(), true),
            (b"a\0b", false),
            (b"\x1b[31m", false),
            (b"\xff", false),
            (b"abc\xc3", false),
        ] {
            let mut check = TextCheck::default();
            bytes.chunks(1).for_each(|chunk| check.update(chunk));
            assert_eq!(check.is_text(), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn accepted_types_are_exact_or_whole_classes() {
        let accepted = ["image/png".to_owned(), "audio/*".to_owned()];
        assert!(accepts(&accepted, "image/png"));
        assert!(accepts(&accepted, "audio/ogg"));
        assert!(!accepts(&accepted, "image/svg+xml"));
        assert!(accepts(&[], "text/html"));
    }

    #[test]
    fn nothing_that_runs_is_shown() {
        for name in [
            "image/svg+xml",
            "text/html",
            "text/xml",
            "application/xml",
            "application/pdf",
            "text/css",
        ] {
            assert!(!is_shown(name), "{name}");
        }
        assert!(is_shown("image/png"));
    }
}
