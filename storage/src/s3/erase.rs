//! Removing objects, in all their versions.

use std::collections::HashMap;

use futures::StreamExt as _;
use rusty_s3::Method;

use super::ask::Ask;
use super::list::At;
use super::{Bucket, answer, xml};
use crate::{Error, Key, Remains};

/// How many are removed by one request.
const AT_ONCE: usize = 1000;

/// How many requests are under way at the same time, where each removes one.
const SIDE_BY_SIDE: usize = 8;

/// How many pages of versions of one name are erased in one go: a provider that lists without end must not hold us up.
const MOST_PAGES: usize = 100;

/// An object or one version of it, by its name with the prefix of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Target {
    key: String,
    version: Option<String>,
}

impl Bucket {
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Error> {
        let mut at = Some(At::Versions(None));
        let mut pages = 0;
        while let Some(here) = at {
            pages += 1;
            if pages > MOST_PAGES {
                return Err(Error::Unavailable("there are more versions than are erased at once".to_owned()));
            }
            if matches!(here, At::Objects(_)) {
                // Without versions there is only one thing of this name.
                return self.remove(&Target { key: self.full(key.as_str()), version: None }).await;
            }
            let page = self.page(key.as_str(), here).await?;
            let (same, others): (Vec<_>, Vec<_>) =
                page.found.into_iter().partition(|one| one.key() == key.as_str());
            self.erase(&same).await.into_iter().collect::<Result<(), _>>()?;
            // Names come in their order, and this one is the first with this beginning.
            at = if others.is_empty() { page.next } else { None };
        }
        Ok(())
    }

    pub(crate) async fn erase(&self, remains: &[Remains]) -> Vec<Result<(), Error>> {
        let targets: Vec<Target> = remains.iter().filter_map(|one| self.target(one)).collect();
        let mut removed = Vec::with_capacity(targets.len());
        for page in targets.chunks(AT_ONCE) {
            removed.extend(self.remove_all(page).await);
        }
        // The others are uploads, each of which needs a request of its own.
        let mut removed = removed.into_iter();
        let results = remains.iter().map(|one| {
            let done = if let Remains::Upload { .. } = one { None } else { removed.next() };
            async move {
                match (one, done) {
                    (Remains::Upload { key, upload }, _) => self.abort_parts(key, upload).await,
                    (_, Some(done)) => done,
                    (_, None) => Err(Error::Garbage("no word of this one".to_owned())),
                }
            }
        });
        let results: Vec<_> = results.collect();
        futures::stream::iter(results).buffered(SIDE_BY_SIDE).collect().await
    }

    fn target(&self, one: &Remains) -> Option<Target> {
        match one {
            Remains::Object { key } => Some(Target { key: self.full(key), version: None }),
            Remains::Version { key, version } => {
                Some(Target { key: self.full(key), version: Some(version.clone()) })
            }
            Remains::Upload { .. } => None,
        }
    }

    /// Removes up to a thousand: by one request, as far as that knows what became of each.
    async fn remove_all(&self, targets: &[Target]) -> Vec<Result<(), Error>> {
        let mut known = match self.remove_at_once(targets).await {
            Ok(known) => known,
            Err(error) if error.is_not_implemented() => HashMap::new(),
            Err(error) => return targets.iter().map(|_| Err(error.clone())).collect(),
        };
        let results: Vec<_> = targets
            .iter()
            .map(|target| {
                let told = known.remove(target);
                async move {
                    match told {
                        Some(told) => told,
                        None => self.remove(target).await,
                    }
                }
            })
            .collect();
        futures::stream::iter(results).buffered(SIDE_BY_SIDE).collect().await
    }

    /// What the provider says of each.
    async fn remove_at_once(&self, targets: &[Target]) -> Result<HashMap<Target, Result<(), Error>>, Error> {
        let objects: Vec<_> = targets
            .iter()
            .filter(|target| can_be_written(&target.key))
            .map(|target| xml::DeleteOne { key: &target.key, version_id: target.version.as_deref() })
            .collect();
        if objects.len() < 2 {
            return Ok(HashMap::new());
        }
        let ask = Ask::bucket(Method::Post).query("delete", "").body(xml::write(&xml::Delete { objects })?);
        let body = answer::read(self.ask(&ask).await?).await?;
        if let Some(told) = xml::error(&body) {
            return Err(answer::named(200, &told.code, &told.message));
        }
        let told: xml::DeleteResult = xml::read("DeleteResult", &body)?;
        let deleted = told.deleted.into_iter().map(|one| (target(one.key, one.version_id), Ok(())));
        let errors = told.error.into_iter().map(|one| {
            let result = match answer::named(status(&one.code), &one.code, &one.message) {
                Error::NotFound => Ok(()),
                error => Err(error),
            };
            (target(one.key, one.version_id), result)
        });
        Ok(deleted.chain(errors).collect())
    }

    async fn remove(&self, target: &Target) -> Result<(), Error> {
        let mut ask = Ask::object(Method::Delete, &target.key);
        if let Some(version) = &target.version {
            ask = ask.query("versionId", version);
        }
        answer::gone(self.ask(&ask).await).await
    }
}

fn target(key: String, version: Option<String>) -> Target {
    // An empty element is none.
    Target { key, version: version.filter(|version| !version.is_empty()) }
}

/// The status that this error has where it is alone.
fn status(code: &str) -> u16 {
    match code {
        "InternalError" => 500,
        "SlowDown" | "ServiceUnavailable" => 503,
        "NotImplemented" => 501,
        code if code.starts_with("NoSuch") => 404,
        code if code.contains("Denied") => 403,
        _ => 400,
    }
}

/// Whether XML can say this name, and everybody reads it back the same.
fn can_be_written(key: &str) -> bool {
    !key.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) && key.trim() == key
}
