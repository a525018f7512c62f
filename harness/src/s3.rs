//! An S3 provider for tests: the real protocol, with signatures, versions and uploads in parts, in memory; it misbehaves when
//! it is told to.
//!
//! It runs on a thread with a runtime of its own, beside any other, on a port of its own. Names under `s3.localhost` carry
//! the bucket in the host.

mod faults;
mod guard;
mod lists;
mod memory;
mod operations;
mod serve;
mod simulated;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::oneshot;

pub use faults::{Fault, Faults, Rule, State};
pub use memory::{Item, Versioning};

use memory::Buckets;

/// The name of the key that is taken, until it is revoked.
pub const ACCESS_KEY: &str = "AKIAHARNESS";

/// Its secret.
pub const SECRET_KEY: &str = "secret/of+the/harness";

/// The region that signatures have to name.
pub const REGION: &str = "us-east-1";

/// The host below which names carry a bucket.
const DOMAIN: &str = "s3.localhost";

/// A running provider. Ends with the value.
#[derive(Debug)]
pub struct S3 {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What all requests know.
#[derive(Debug, Default)]
struct Shared {
    faults: Arc<Faults>,
    buckets: Mutex<Buckets>,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Shared {
    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, operation: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(operation.to_owned()).or_default() += 1;
    }
}

impl S3 {
    /// Starts one with two empty buckets: `plain`, and `versioned`, which keeps all versions.
    ///
    /// # Errors
    /// If there is no port.
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        shared.buckets().create("plain", Versioning::Off);
        shared.buckets().create("versioned", Versioning::On);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let service = serve::service(Arc::clone(&shared));
        let faults = Arc::clone(&shared.faults);
        let thread = std::thread::spawn(move || {
            // What still runs ends with the runtime.
            runtime.block_on(async move {
                tokio::select! {
                    _ = serve::accept(listener, service, faults) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Starts one whose bucket `simulated` lists so many objects under any prefix that begins with `within`, without holding
    /// them. What is deleted is remembered as one number: everything before it is gone too.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn simulated(within: &str, objects: u64) -> anyhow::Result<Self> {
        let server = Self::start()?;
        server.shared.buckets().simulate("simulated", within, objects);
        Ok(server)
    }

    /// Makes another bucket.
    pub fn create_bucket(&self, name: &str, versioning: Versioning) {
        self.shared.buckets().create(name, versioning);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a bucket in its path, in the form of `S3_URL`.
    #[must_use]
    pub fn url(&self, bucket: &str) -> String {
        let secret = SECRET_KEY.replace('/', "%2F");
        format!("s3://{ACCESS_KEY}:{secret}@{}/{bucket}?tls=false&region={REGION}", self.address)
    }

    /// The address of a bucket in its host, in the form of `S3_URL`.
    #[must_use]
    pub fn virtual_host_url(&self, bucket: &str) -> String {
        let secret = SECRET_KEY.replace('/', "%2F");
        let port = self.address.port();
        let query = format!("tls=false&region={REGION}&addressing=virtual-host");
        format!("s3://{ACCESS_KEY}:{secret}@{DOMAIN}:{port}/{bucket}?{query}")
    }

    /// What to break. Works from any thread, at any time.
    #[must_use]
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.shared.faults)
    }

    /// Puts an object there, as somebody else would who has the bucket.
    pub fn put(&self, bucket: &str, key: &str, content: impl Into<Bytes>) {
        self.shared.buckets().put(bucket, key, content.into());
    }

    /// Everything under a prefix, in the order of keys, newest first: objects, old versions, delete markers, uploads.
    #[must_use]
    pub fn items(&self, bucket: &str, prefix: &str) -> Vec<Item> {
        self.shared.buckets().items(bucket, prefix)
    }

    /// The bytes of an object as it is now.
    #[must_use]
    pub fn content(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.shared.buckets().content(bucket, key)
    }

    /// How many objects a simulated bucket still lists.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.shared.buckets().left()
    }

    /// How many requests of this name were signed rightly, such as `PutObject`.
    #[must_use]
    pub fn requests(&self, operation: &str) -> u64 {
        let counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(operation).copied().unwrap_or_default()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
