//! Lists of entity tags as headers have them (RFC 9110 §8.8.3).

/// `*`, or tags.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tags {
    /// Whatever there is.
    Any,
    /// One of these.
    These(Vec<Tag>),
}

/// An entity tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) is_weak: bool,
    /// What stands between the quotes.
    pub(super) opaque: Vec<u8>,
}

impl Tags {
    /// None if it is not a list of at least one tag.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut rest = text.trim_ascii();
        if rest == b"*" {
            return Some(Self::Any);
        }
        let mut tags = vec![];
        while !rest.is_empty() {
            // Empty elements are allowed, and mean nothing.
            if let Some(after) = rest.strip_prefix(b",") {
                rest = after.trim_ascii_start();
                continue;
            }
            let (tag, after) = Tag::parse(rest)?;
            tags.push(tag);
            rest = after.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with(b",") {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::These(tags))
    }

    /// Whether one of them is meant.
    pub(super) fn has(&self, is_meant: impl Fn(&Tag) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(is_meant),
        }
    }
}

impl Tag {
    /// The tag at the beginning of a text, and what comes after it.
    fn parse(text: &[u8]) -> Option<(Self, &[u8])> {
        let (is_weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let quoted = quoted.strip_prefix(b"\"")?;
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        let (opaque, after) = (&quoted[..end], &quoted[end + 1..]);
        let is_clean = opaque.iter().all(|byte| matches!(byte, 0x21..=0x7e | 0x80..));
        is_clean.then(|| (Self { is_weak, opaque: opaque.to_vec() }, after))
    }
}
