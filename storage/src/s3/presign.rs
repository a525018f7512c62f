//! Addresses that let somebody else do one thing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use jiff::Timestamp;
use rusty_s3::Method;

use super::Bucket;
use super::ask::{Ask, seconds};
use crate::{Declared, Key, Presigned, Shown, UploadId};

impl Bucket {
    pub(crate) fn presign_put(
        &self,
        key: &Key,
        declared: &Declared,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Option<Presigned> {
        let full = self.full(key.as_str());
        // All of these are signed: another size, type or content is refused by the provider.
        let ask = Ask::object(Method::Put, &full)
            .header("content-length", declared.size.to_string())
            .header("content-type", declared.content_type.clone())
            .header("x-amz-checksum-sha256", STANDARD.encode(declared.sha256));
        self.presign(ask, lifetime, now)
    }

    pub(crate) fn presign_get(
        &self,
        key: &Key,
        shown: &Shown,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Option<Presigned> {
        let (full, disposition) = (self.full(key.as_str()), shown.disposition());
        let ask = Ask::object(Method::Get, &full)
            .query("response-content-disposition", &disposition)
            .query("response-content-type", &shown.content_type);
        self.presign(ask, lifetime, now)
    }

    pub(crate) fn presign_part(
        &self,
        key: &Key,
        upload: &UploadId,
        (number, size): (u16, u64),
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Option<Presigned> {
        let (full, number) = (self.full(key.as_str()), number.to_string());
        let ask = Ask::object(Method::Put, &full)
            .query("partNumber", &number)
            .query("uploadId", &upload.0)
            .header("content-length", size.to_string());
        self.presign(ask, lifetime, now)
    }

    /// None only if the time is one that no calendar has.
    fn presign(&self, ask: Ask<'_>, lifetime: Duration, now: DateTime<Utc>) -> Option<Presigned> {
        let at = Timestamp::from_second(now.timestamp()).ok()?;
        let lifetime = seconds(lifetime);
        let url = ask.sign(self, &self.outside, &at, lifetime);
        let expires_at = now.checked_add_signed(TimeDelta::try_seconds(i64::try_from(lifetime).ok()?)?)?;
        Some(Presigned { method: ask.method(), url, headers: ask.into_headers(), expires_at })
    }
}
