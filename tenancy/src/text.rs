//! Texts that people give, as they may be kept and shown.

use crate::error::{Error, Result};

/// Most characters of the name of a thing.
pub(crate) const NAME_MAX: usize = 200;

/// Most characters of a description.
pub(crate) const DESCRIPTION_MAX: usize = 2_000;

/// What could write headers, hide what is shown, or turn it around.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// One line: 1 to `max` characters that are seen.
///
/// # Errors
/// [`Error::Invalid`] with the field.
pub(crate) fn check_line(field: &str, text: &str, max: usize) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > max || text.chars().any(is_hidden) {
        return Err(Error::invalid(field, format!("1 to {max} characters, none of them control characters")));
    }
    Ok(())
}

/// Several lines, that may be left out.
///
/// # Errors
/// [`Error::Invalid`] with the field.
pub(crate) fn check_lines(field: &str, text: Option<&str>, max: usize) -> Result<()> {
    text.map_or(Ok(()), |text| check_line(field, &text.replace('\n', " "), max))
}
