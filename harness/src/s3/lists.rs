//! Pages of lists.

use std::cmp::Ordering;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{EncodingType, MaxKeys};

use super::memory::{Bucket, Buckets};

/// What the escaped form of a name leaves as it is.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b'~');

/// One page.
pub(super) struct Page<T> {
    pub(super) found: Vec<T>,
    /// Whether more follow.
    pub(super) more: bool,
}

/// A version in a list.
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) version: String,
    pub(super) size: i64,
    pub(super) is_marker: bool,
    pub(super) is_latest: bool,
}

/// How many a page may have.
pub(super) fn most(asked: Option<MaxKeys>) -> usize {
    usize::try_from(asked.unwrap_or(1000)).unwrap_or_default().min(1000)
}

/// The name as the asker wants to read it.
pub(super) fn encode(text: &str, encoding: Option<&EncodingType>) -> String {
    match encoding {
        // As AWS does it.
        Some(_) => utf8_percent_encode(text, &PLAIN).to_string().replace("%20", "+"),
        None => text.to_owned(),
    }
}

impl Buckets {
    /// Versions behind this key, or behind this version of it, newest first.
    pub(super) fn versions(
        &self,
        name: &str,
        prefix: &str,
        behind: (Option<&str>, Option<&str>),
        most: usize,
    ) -> Page<Listed> {
        if let Some((bucket, simulated)) = &self.simulated
            && bucket == name
        {
            let (names, more) = simulated.page(prefix, behind.0, most);
            let listed = |key| {
                let version = "null".to_owned();
                Listed { key, version, size: 1, is_marker: false, is_latest: true }
            };
            return Page { found: names.into_iter().map(listed).collect(), more };
        }
        let all = self.get(name).into_iter().flat_map(|bucket| bucket.listed(prefix));
        let (key, version) = (behind.0.unwrap_or_default(), behind.1.filter(|version| !version.is_empty()));
        let rest = all.filter(move |one| match one.key.as_str().cmp(key) {
            Ordering::Less => false,
            // Ids grow, and newer versions come first. The one of the marker may be gone.
            Ordering::Equal => version.is_some_and(|version| one.version.as_str() < version),
            Ordering::Greater => true,
        });
        page(rest, most)
    }

    /// Names of objects behind this one, with their sizes.
    pub(super) fn names(
        &self,
        name: &str,
        prefix: &str,
        behind: Option<&str>,
        most: usize,
    ) -> Page<(String, i64)> {
        if let Some((bucket, simulated)) = &self.simulated
            && bucket == name
        {
            let (names, more) = simulated.page(prefix, behind, most);
            return Page { found: names.into_iter().map(|name| (name, 1)).collect(), more };
        }
        let all = self.get(name).into_iter().flat_map(|bucket| bucket.listed(prefix));
        let there = all.filter(|one| one.is_latest && !one.is_marker);
        page(
            there
                .filter(|one| behind.is_none_or(|behind| one.key.as_str() > behind))
                .map(|one| (one.key, one.size)),
            most,
        )
    }

    /// Names and ids of uploads behind this one.
    pub(super) fn uploads(
        &self,
        name: &str,
        prefix: &str,
        behind: (Option<&str>, Option<&str>),
        most: usize,
    ) -> Page<(String, String)> {
        let all = self.get(name).into_iter().flat_map(|bucket| bucket.uploads.keys());
        let rest = all.filter(|(key, _)| key.starts_with(prefix)).filter(|(key, id)| match behind {
            (None, _) => true,
            (Some(last), None | Some("")) => key.as_str() > last,
            (Some(last), Some(id_of_last)) => (key.as_str(), id.as_str()) > (last, id_of_last),
        });
        page(rest.cloned(), most)
    }
}

impl Bucket {
    fn listed(&self, prefix: &str) -> impl Iterator<Item = Listed> {
        let named =
            self.objects.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix));
        named.flat_map(|(key, versions)| {
            versions.iter().rev().enumerate().map(|(at, version)| Listed {
                key: key.clone(),
                version: version.id.clone(),
                size: version.content.as_ref().map_or(0, |content| content.bytes.len() as i64),
                is_marker: version.content.is_none(),
                is_latest: at == 0,
            })
        })
    }
}

fn page<T>(all: impl Iterator<Item = T>, most: usize) -> Page<T> {
    let mut found: Vec<T> = all.take(most + 1).collect();
    let more = found.len() > most;
    found.truncate(most);
    Page { found, more }
}
