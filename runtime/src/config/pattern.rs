use std::{fmt, str::FromStr};

/// A name in which each `*` stands for any characters, or none: `Docs::*`, `*token*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether a name is meant, letters as they are.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        fits(&self.0, name, |a, b| a == b)
    }

    /// Whether a name is meant, capital or not.
    #[must_use]
    pub fn matches_any_case(&self, name: &str) -> bool {
        fits(&self.0, name, str::eq_ignore_ascii_case)
    }
}

/// A pattern is not empty and has no white space.
impl FromStr for Pattern {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fine = !text.is_empty() && !text.contains(|char: char| char.is_whitespace() || char.is_control());
        if fine { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The parts between the stars have to come one after the other: the first at the start, the last at the end.
fn fits(pattern: &str, name: &str, same: impl Fn(&str, &str) -> bool) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return same(pattern, name) };
    let starts = |name: &str, part: &str| name.get(..part.len()).is_some_and(|start| same(start, part));
    if !starts(name, first) {
        return false;
    }
    let mut left = &name[first.len()..];
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            let end = left.len().checked_sub(part.len()).and_then(|at| left.get(at..));
            return end.is_some_and(|end| same(end, part));
        }
        let mut places = left.char_indices().map(|(at, _)| at).chain([left.len()]);
        match places.find(|at| starts(&left[*at..], part)) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_everything_else_for_itself() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*", "anything", true),
            ("Docs::read", "Docs::read", true),
            ("Docs::read", "docs::read", false),
            ("Docs::read", "Docs::reader", false),
            ("Docs::*", "Docs::read", true),
            ("Docs::*", "Docs::", true),
            ("Docs::*", "Doc", false),
            ("*.read", "resource.read", true),
            ("*.read", "resource.reads", false),
            ("*token*", "my_token_2", true),
            ("*token*", "token", true),
            ("*token*", "toke", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("aa*aa", "aaa", false),
            ("*ü*", "grün", true),
            ("**", "x", true),
        ] {
            let pattern: Pattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(name), fits, "{pattern} {name}");
        }
        let pattern: Pattern = "*Token".parse().unwrap();
        assert!(pattern.matches_any_case("accessTOKEN") && !pattern.matches("accessTOKEN"));
        for bad in ["", " ", "a b", "a\n"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
        }
    }
}
