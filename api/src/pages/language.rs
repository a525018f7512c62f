//! In which language somebody reads.

use axum::http::{HeaderMap, header};
use tenancy::Locale;

/// What is spoken where nobody has said anything that is.
const USUAL: Locale = Locale::English;

/// The language that the browser asks for (`Accept-Language`, RFC 9110 section 12.5.4): of those that there are the one
/// with the greatest weight, the first of equal ones. Regions make no difference.
pub(super) fn accepted(headers: &HeaderMap) -> Locale {
    let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    let mut best: Option<(f32, Locale)> = None;
    for range in lines.flat_map(|line| line.split(',')) {
        let Some((weight, locale)) = weighed(range) else { continue };
        if weight > best.map_or(0.0, |(most, _)| most) {
            best = Some((weight, locale));
        }
    }
    best.map_or(USUAL, |(_, locale)| locale)
}

/// One range, such as `fr-CH;q=0.9`; none if we do not speak it.
fn weighed(range: &str) -> Option<(f32, Locale)> {
    let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
    let primary = tag.trim().split('-').next()?.to_ascii_lowercase();
    let locale = if primary == "*" { USUAL } else { Locale::parse(&primary)? };
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(weight) => weight.trim().parse().ok()?,
        None => 1.0,
    };
    Some((weight, locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(accepted_languages: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT_LANGUAGE,
            accepted_languages.parse().unwrap_or_else(|_| panic!("no header")),
        );
        accepted(&headers).as_str()
    }

    #[test]
    fn the_language_that_is_wanted_most_is_spoken() {
        for (header, expected) in [
            ("fr", "fr"),
            ("FR-ch", "fr"),
            ("en-GB,en;q=0.9,fr;q=0.8", "en"),
            ("de, fr-CH;q=0.7, en;q=0.3", "fr"),
            ("de, en;q=0.3, fr;q=0.7", "fr"),
            ("fr, en", "fr"),
            ("en, fr", "en"),
            ("fr;q=0, *;q=0.1", "en"),
            ("fr;q=abc", "en"),
            ("frisian", "en"),
            ("de", "en"),
            ("", "en"),
        ] {
            assert_eq!(language(header), expected, "{header}");
        }
        assert_eq!(accepted(&HeaderMap::new()), USUAL);
    }
}
