use serde::Deserialize;
use utoipa::IntoParams;

use super::{Everything, Listing};
use crate::body::query;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // only whether it can be read is of interest
struct Filter {
    active: Option<bool>,
    search: Option<String>,
}

/// What a filter and a window would be in one piece.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // as above
struct Whole {
    active: Option<bool>,
    search: Option<String>,
    page: Option<u32>,
    limit: Option<u32>,
    fields: Option<String>,
}

// proves API-5
#[test]
fn a_query_is_refused_as_if_its_parts_were_one() {
    for raw in [
        "pages=1",
        "page=x",
        "page=1&page=2",
        "fields=a&fields=b",
        "active=maybe",
        "active=true&search=a&active=false",
        "p%61ge=x",
        "=1",
        "query=1",
        "limit=-1&search=a",
    ] {
        let whole = query::<Whole>(raw).unwrap_err();
        let parts = Listing::<Filter>::read(raw).unwrap_err();
        assert_eq!((&parts.field, &parts.message), (&whole.field, &whole.message), "{raw}");
    }
    let known = Listing::<Everything>::read("search=a").unwrap_err();
    assert_eq!(known.message, "unknown field `search`, expected one of `page`, `limit`, `fields`");
}

// proves API-5
#[test]
fn each_part_of_a_query_gets_what_is_its_own() {
    let raw = "&p%61ge=2&search=a%26page%3D9&&active=true&limit=5&fields=id";
    let (filter, window) = Listing::<Filter>::read(raw).unwrap();
    assert_eq!((filter.active, filter.search.as_deref()), (Some(true), Some("a&page=9")));
    assert_eq!((window.page, window.limit, window.fields.as_deref()), (2, 5, Some("id")));
    let (Everything {}, window) = Listing::read("").unwrap();
    assert_eq!((window.page, window.limit, window.fields), (1, 20, None));
}
