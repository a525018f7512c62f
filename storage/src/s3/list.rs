//! What is left under a prefix, page by page.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::Stream;
use futures::stream::try_unfold;
use percent_encoding::percent_decode_str;
use rusty_s3::Method;

use super::ask::Ask;
use super::{Bucket, answer, xml};
use crate::{Error, Prefix, Remains, UploadId};

/// How many pages with nothing in them a provider may give one after the other. Those of S3 are rare.
const EMPTY_PAGES: usize = 100;

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    /// With unfinished uploads, behind this key and upload. They come first: one that is completed meanwhile is
    /// among the objects then.
    Uploads(Option<(String, String)>),
    /// With versions, behind this key and version.
    Versions(Option<(String, String)>),
    /// With objects, where the provider says.
    Objects(Option<String>),
}

/// One page, and what follows.
pub(super) struct Page {
    pub(super) found: Vec<Remains>,
    pub(super) next: Option<At>,
}

impl Bucket {
    pub(crate) fn remains(
        bucket: Arc<Self>,
        prefix: &Prefix,
    ) -> impl Stream<Item = Result<Remains, Error>> + 'static {
        let begin = (bucket, prefix.as_str().to_owned(), Some(At::Uploads(None)), VecDeque::new());
        try_unfold(begin, |(bucket, prefix, mut next, mut page)| async move {
            for _ in 0..EMPTY_PAGES {
                if let Some(one) = page.pop_front() {
                    return Ok(Some((one, (bucket, prefix, next, page))));
                }
                let Some(at) = next.take() else { return Ok(None) };
                let read = bucket.page(&prefix, at).await?;
                (page, next) = (read.found.into(), read.next);
            }
            Err(Error::Garbage("the list does not end".to_owned()))
        })
    }

    /// The page at this place. What the provider does not know is passed over.
    pub(super) async fn page(&self, prefix: &str, at: At) -> Result<Page, Error> {
        let read = match &at {
            At::Uploads(behind) => self.uploads(prefix, behind.as_ref()).await,
            At::Versions(behind) => self.versions(prefix, behind.as_ref()).await,
            At::Objects(token) => self.plain(prefix, token.as_deref()).await,
        };
        let page = match read {
            Err(error) if error.is_not_implemented() => Page { found: Vec::new(), next: None },
            Err(error) => return Err(error),
            Ok(page) if page.next.as_ref() == Some(&at) => {
                return Err(Error::Garbage("the list does not go on".to_owned()));
            }
            Ok(page) => return Ok(self.followed(page, &at)),
        };
        let next = match at {
            At::Uploads(_) => Some(At::Versions(None)),
            At::Versions(_) => Some(At::Objects(None)),
            At::Objects(_) => return Err(Error::Garbage("the store has no list".to_owned())),
        };
        Ok(Page { next, ..page })
    }

    /// After uploads come versions; after versions nothing.
    fn followed(&self, page: Page, at: &At) -> Page {
        match (at, page.next) {
            (At::Uploads(_), None) => Page { found: page.found, next: Some(At::Versions(None)) },
            (_, next) => Page { found: page.found, next },
        }
    }

    async fn uploads(&self, prefix: &str, behind: Option<&(String, String)>) -> Result<Page, Error> {
        let full = self.full(prefix);
        let mut ask = list(&full).query("uploads", "").query("max-uploads", "1000");
        if let Some((key, upload)) = behind {
            ask = ask.query("key-marker", key).query("upload-id-marker", upload);
        }
        let body = answer::read(self.ask(&ask).await?).await?;
        let list: xml::ListMultipartUploadsResult = xml::read("ListMultipartUploadsResult", &body)?;
        let names = Names { bucket: self, full: &full, encoding: list.encoding_type.as_deref() };
        let found = list
            .upload
            .into_iter()
            .map(|one| Ok(Remains::Upload { key: names.inner(&one.key)?, upload: UploadId(one.upload_id) }));
        let found = found.collect::<Result<_, Error>>()?;
        let next = names.next(list.is_truncated, list.next_key_marker, list.next_upload_id_marker)?;
        Ok(Page { found, next: next.map(|next| At::Uploads(Some(next))) })
    }

    async fn versions(&self, prefix: &str, behind: Option<&(String, String)>) -> Result<Page, Error> {
        let full = self.full(prefix);
        let mut ask = list(&full).query("versions", "").query("max-keys", "1000");
        if let Some((key, version)) = behind {
            ask = ask.query("key-marker", key).query("version-id-marker", version);
        }
        let body = answer::read(self.ask(&ask).await?).await?;
        if xml::root(&body).as_deref() == Some("ListBucketResult") {
            // The provider has overlooked what it was asked for, because it knows no versions.
            return Ok(Page { found: Vec::new(), next: Some(At::Objects(None)) });
        }
        let list: xml::ListVersionsResult = xml::read("ListVersionsResult", &body)?;
        let names = Names { bucket: self, full: &full, encoding: list.encoding_type.as_deref() };
        let found = list.version.into_iter().chain(list.delete_marker).map(|one| {
            let version = one.version_id.unwrap_or_else(|| "null".to_owned());
            Ok(Remains::Version { key: names.inner(&one.key)?, version })
        });
        let found = found.collect::<Result<_, Error>>()?;
        let next = names.next(list.is_truncated, list.next_key_marker, list.next_version_id_marker)?;
        Ok(Page { found, next: next.map(|next| At::Versions(Some(next))) })
    }

    async fn plain(&self, prefix: &str, token: Option<&str>) -> Result<Page, Error> {
        let full = self.full(prefix);
        let mut ask = list(&full).query("list-type", "2").query("max-keys", "1000");
        if let Some(token) = token {
            ask = ask.query("continuation-token", token);
        }
        let body = answer::read(self.ask(&ask).await?).await?;
        let list: xml::ListBucketResult = xml::read("ListBucketResult", &body)?;
        let names = Names { bucket: self, full: &full, encoding: list.encoding_type.as_deref() };
        let found = list.contents.into_iter().map(|one| Ok(Remains::Object { key: names.inner(&one.key)? }));
        let found = found.collect::<Result<_, Error>>()?;
        let next = match (list.is_truncated, list.next_continuation_token) {
            (false, _) => None,
            (true, Some(token)) => Some(At::Objects(Some(token))),
            (true, None) => return Err(Error::Garbage("the list breaks off".to_owned())),
        };
        Ok(Page { found, next })
    }
}

/// A list of what has this prefix, with names escaped: XML cannot say all of them.
fn list(full: &str) -> Ask<'_> {
    Ask::bucket(Method::Get).query("prefix", full).query("encoding-type", "url")
}

/// Reads the names in one list.
struct Names<'a> {
    bucket: &'a Bucket,
    full: &'a str,
    encoding: Option<&'a str>,
}

impl Names<'_> {
    fn read(&self, text: &str) -> Result<String, Error> {
        if self.encoding != Some("url") {
            return Ok(text.to_owned());
        }
        let spaced = text.replace('+', " ");
        let read = percent_decode_str(&spaced).decode_utf8();
        read.map(|name| name.into_owned()).map_err(|_| Error::Garbage("a name is no UTF-8".to_owned()))
    }

    /// The name without the prefix of the settings. What was not asked for must not be erased.
    fn inner(&self, text: &str) -> Result<String, Error> {
        let name = self.read(text)?;
        match name.strip_prefix(&self.bucket.prefix) {
            Some(inner) if name.starts_with(self.full) => Ok(inner.to_owned()),
            _ => Err(Error::Garbage("the list has what was not asked for".to_owned())),
        }
    }

    fn next(
        &self,
        truncated: bool,
        key: Option<String>,
        second: Option<String>,
    ) -> Result<Option<(String, String)>, Error> {
        match (truncated, key) {
            (false, _) => Ok(None),
            (true, Some(key)) => Ok(Some((self.read(&key)?, second.unwrap_or_default()))),
            (true, None) => Err(Error::Garbage("the list breaks off".to_owned())),
        }
    }
}
