//! Who may come in, which bucket a host names, and what happens to a request before it is done.

use std::cell::RefCell;
use std::sync::Arc;

use hyper::StatusCode;
use percent_encoding::percent_decode_str;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::host::{S3Host, VirtualHost};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::faults::Fault;
use super::{ACCESS_KEY, DOMAIN, SECRET_KEY, Shared};

tokio::task_local! {
    /// What becomes of the answer to the request that this task is about.
    pub(super) static FAULT: RefCell<Option<Fault>>;
}

/// Knows the one key.
pub(super) struct Keys(pub(super) Arc<Shared>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key != ACCESS_KEY || self.0.faults.is_revoked() {
            return Err(s3_error!(InvalidAccessKeyId, "There is no such key."));
        }
        Ok(SecretKey::from(SECRET_KEY))
    }
}

/// Knows the one domain; any other host has the bucket in its path.
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let bucket = name.strip_suffix(DOMAIN).and_then(|rest| rest.strip_suffix('.'));
        let known = VirtualHost::new(host);
        Ok(match bucket {
            Some(bucket) => known.with_bucket(bucket),
            None => known,
        })
    }
}

/// Counts, and lets faults happen. Signatures have been verified before.
pub(super) struct Gate(pub(super) Arc<Shared>);

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Nobody comes in without a signature."));
        }
        let operation = cx.s3_op().name();
        self.0.count(operation);
        let about = match cx.s3_path().as_object() {
            Some((_, key)) => key.to_owned(),
            None => listed(cx.uri().query().unwrap_or_default()),
        };
        let Some(fault) = self.0.faults.hit(operation, &about) else { return Ok(()) };
        match fault {
            Fault::Status(status) => Err(refused(status)),
            Fault::Hang => std::future::pending().await,
            Fault::Lost => {
                FAULT.with(|cell| cell.replace(Some(fault)));
                Ok(())
            }
            Fault::Answer(..) | Fault::Redirect(_) => {
                FAULT.with(|cell| cell.replace(Some(fault)));
                Err(s3_error!(InternalError, "replaced on its way"))
            }
        }
    }
}

/// The prefix that a query asks for.
fn listed(query: &str) -> String {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    percent_decode_str(value.unwrap_or_default()).decode_utf8_lossy().into_owned()
}

/// The code that goes with a status.
pub(super) fn code(status: u16) -> S3ErrorCode {
    match status {
        403 => S3ErrorCode::AccessDenied,
        404 => S3ErrorCode::NoSuchKey,
        405 => S3ErrorCode::MethodNotAllowed,
        500 => S3ErrorCode::InternalError,
        501 => S3ErrorCode::NotImplemented,
        503 => S3ErrorCode::SlowDown,
        _ => S3ErrorCode::Custom("FaultOfTheTest".into()),
    }
}

fn refused(status: u16) -> S3Error {
    let mut error = S3Error::with_message(code(status), "A fault of the test.");
    if let Ok(status) = StatusCode::from_u16(status) {
        error.set_status_code(status);
    }
    error
}
