//! Refuses text that is nested or chained so deeply that a recursive parser, evaluator or destructor
//! could run out of stack, before any of them sees it.

use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// Deepest nesting of brackets, prefix operators and `if`.
const MAX_DEPTH: usize = 64;
/// Most tokens that may chain an expression (operators, `.`, `[`) or conditions (`{`) in one statement. What
/// passes is decided on the stack of any thread: Cedar gives up, and so denies, where one is too small.
const MAX_CHAIN: usize = 300;
/// Most `when` and `unless` of one policy.
const MAX_CONDITIONS: usize = 100;

/// Operators that are words.
const WORDS: [&[u8]; 4] = [b"in", b"is", b"has", b"like"];

/// The first place in a file that is too deep, if there is one.
pub(crate) fn check(source: &Source) -> Option<Diagnostic> {
    let bytes = source.text.as_bytes();
    let (mut depth, mut prefix, mut chain, mut at) = (0_usize, 0_usize, 0_usize, 0);
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = end_of_line(bytes, at),
            byte => {
                at += 1;
                match byte {
                    b'(' => depth += 1,
                    // `a["b"]["c"]` and `when { a } when { b }` are as deep as they are long.
                    b'[' | b'{' => (depth, chain) = (depth + 1, chain + 1),
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    b'!' | b'-' => (prefix, chain) = (prefix + 1, chain + 1),
                    b';' => chain = 0,
                    // The second half of `&&`, `||`, `==`, `<=`, `>=`, `!=` adds nothing.
                    b'&' | b'|' | b'='
                        if start.checked_sub(1).is_some_and(|at| b"&|<>=!".contains(&bytes[at])) => {}
                    b'&' | b'|' | b'+' | b'*' | b'.' | b'<' | b'>' | b'=' => chain += 1,
                    b'i' if is_word(bytes, start, b"if") => chain += MAX_CHAIN / MAX_DEPTH,
                    b'i' | b'h' | b'l' if WORDS.iter().any(|word| is_word(bytes, start, word)) => chain += 1,
                    // Conditions are joined into one expression.
                    b'w' if is_word(bytes, start, b"when") => chain += MAX_CHAIN / MAX_CONDITIONS,
                    b'u' if is_word(bytes, start, b"unless") => chain += MAX_CHAIN / MAX_CONDITIONS,
                    _ => {}
                }
                if !matches!(byte, b'!' | b'-') && !byte.is_ascii_whitespace() {
                    prefix = 0;
                }
            }
        }
        if depth + prefix > MAX_DEPTH {
            return Some(source.error(start, format!("nested more than {MAX_DEPTH} deep")));
        }
        if chain > MAX_CHAIN {
            return Some(source.error(start, format!("more than {MAX_CHAIN} operators in one statement")));
        }
    }
    None
}

fn is_word(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    bytes[at..].starts_with(word)
        && !letter(bytes.get(at + word.len()))
        && !letter(at.checked_sub(1).and_then(|before| bytes.get(before)))
}

fn end_of_string(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn end_of_line(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Kind;

    fn finding(text: &str) -> Option<Diagnostic> {
        check(&Source { name: "p.cedar".into(), app: None, kind: Kind::Policies, text: text.into() })
    }

    #[test]
    fn deep_text_is_refused_with_its_place() {
        for deep in ["(".repeat(200), "[".repeat(200), "!".repeat(200), "- ".repeat(200), "if ".repeat(200)] {
            let found =
                finding(&format!("permit(principal, action, resource)\nwhen {{ {deep}")).expect("refused");
            assert_eq!(found.line, 2, "{found}");
        }
        assert!(finding(&"a && ".repeat(50_000)).is_some());
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        assert_eq!(
            finding(&format!("\"{}\\\"{}\" // {}", "(".repeat(99), "[".repeat(99), "{".repeat(99))),
            None
        );
    }

    #[test]
    fn every_statement_is_counted_on_its_own() {
        assert_eq!(finding(&"permit(a, b, c) when { a.b.c && d.e.f };\n".repeat(10_000)), None);
    }
}
