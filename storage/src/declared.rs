//! What is said about an object before it is sent, and how it is shown to who fetches it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What an upload will be. The provider refuses anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The media type.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

/// What a browser is told about what it fetches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The name to save it under, in any script.
    pub file_name: String,
    /// The media type.
    pub content_type: String,
}

/// What RFC 8187 lets stand in a value without escaping.
const ATTR_CHAR: AsciiSet = NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

impl Shown {
    /// The `Content-Disposition` (RFC 6266): to be saved, never to be opened in place.
    #[must_use]
    pub fn disposition(&self) -> String {
        // Controls and bidirectional overrides make a name look like another.
        let deceives = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let name: String = self
            .file_name
            .chars()
            .map(|c| if deceives(c) || matches!(c, '/' | '\\') { '_' } else { c })
            .collect();
        // Old readers know quotes only; percent signs confuse some of them.
        let plain: String =
            name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '%') { c } else { '_' }).collect();
        if plain == name {
            return format!("attachment; filename=\"{plain}\"");
        }
        let extended = utf8_percent_encode(&name, &ATTR_CHAR);
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disposition(name: &str) -> String {
        Shown { file_name: name.to_owned(), content_type: String::new() }.disposition()
    }

    #[test]
    fn a_file_name_cannot_leave_its_quotes_and_every_script_arrives() {
        // proves DOC-1
        assert_eq!(disposition("a b.pdf"), "attachment; filename=\"a b.pdf\"");
        assert_eq!(
            disposition("a\"; x=\"y"),
            "attachment; filename=\"a_; x=_y\"; filename*=UTF-8''a%22%3B%20x%3D%22y"
        );
        assert_eq!(
            disposition("Größe.txt"),
            "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt"
        );
        assert_eq!(disposition("../a\r\nb"), "attachment; filename=\".._a__b\"");
        assert_eq!(disposition("a\u{202e}gpj.exe"), "attachment; filename=\"a_gpj.exe\"");
        assert_eq!(disposition("100%.txt"), "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt");
    }
}
