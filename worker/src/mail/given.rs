//! Words that users chose, made harmless for mails.
//!
//! Whoever invites somebody makes us send their words to a stranger, under our name. So a name in a mail is short, on
//! one line, keeps to its own direction of writing, and nothing in it becomes a link.

use std::fmt;

/// The longest value in a mail, in characters.
const LONGEST: usize = 100;

/// The longest reason that an admin gives, in characters; what they write is theirs to answer for.
const LONGEST_REASON: usize = 256;

/// The longest value in a subject, in characters.
const LONGEST_IN_SUBJECT: usize = 40;

/// Mail programs make links of `example.org`, `a@example.org` and `http://…` wherever they stand. This character, which
/// has no width, behind each `.`, `:` and `@` that joins two words keeps them from it.
const APART: char = '\u{200B}';

/// A name or another text that a user chose, as mails show it.
///
/// Line breaks and other control characters are spaces; marks that turn the direction of writing and other invisible
/// ones are left out; 100 characters are kept, with an ellipsis where there were more; what looks like an address is
/// broken by a zero-width space. Escaping for HTML is the template's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given(String);

impl Given {
    /// Takes any text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::at_most(text, LONGEST)
    }

    /// Takes a sentence that an admin wrote: 256 characters are kept.
    #[must_use]
    pub fn reason(text: &str) -> Self {
        Self::at_most(text, LONGEST_REASON)
    }

    fn at_most(text: &str, longest: usize) -> Self {
        let visible = text.chars().filter(|c| !is_invisible(*c));
        let spaced: String = visible.map(|c| if is_blank(c) { ' ' } else { c }).collect();
        let words: Vec<&str> = spaced.split_whitespace().collect();
        Self(shortened(&words.join(" "), longest))
    }

    /// Whether nothing is left to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text before links in it are broken: for comparing, not for showing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For subjects: 40 characters at most.
    #[must_use]
    pub fn brief(&self) -> Self {
        Self(shortened(&self.0, LONGEST_IN_SUBJECT))
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Letters from right to left would take punctuation behind them to their other side.
        let isolated = self.0.chars().any(is_right_to_left);
        if isolated {
            f.write_str("\u{2068}")?;
        }
        let mut chars = self.0.chars().peekable();
        let mut before = ' ';
        while let Some(c) = chars.next() {
            let joins = !before.is_whitespace() && chars.peek().is_some_and(|next| !next.is_whitespace());
            if joins && c == '@' {
                write!(f, "{APART}")?;
            }
            write!(f, "{c}")?;
            if joins && is_joint(c) {
                write!(f, "{APART}")?;
            }
            before = c;
        }
        if isolated {
            f.write_str("\u{2069}")?;
        }
        Ok(())
    }
}

/// What stands between the words of an address, with the dots that browsers take for one.
fn is_joint(c: char) -> bool {
    matches!(c, '.' | ':' | '@' | '\u{2024}' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}' | '\u{FF1A}' | '\u{FF20}')
}

fn is_blank(c: char) -> bool {
    c.is_control() || c.is_whitespace() || matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}

/// Marks without a shape. The joiners U+200C and U+200D stay: Persian and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

fn is_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{0590}'..='\u{08FF}'
            | '\u{FB1D}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFE}'
            | '\u{10800}'..='\u{10FFF}'
            | '\u{1E800}'..='\u{1EFFF}'
    )
}

/// At most so many characters, an ellipsis included.
fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest - 1).collect();
    // Half an emoji shows as several: the joiner goes too.
    format!("{}…", kept.trim_end_matches(['\u{200C}', '\u{200D}', ' ']))
}

#[cfg(test)]
mod tests;
