//! Where bytes lie: a folder on this machine, or an S3 bucket.
//!
//! A [`Store`] takes, gives and removes objects by their [`Key`], and tells what [`Remains`] under a [`Prefix`]. [`S3`]
//! says where a bucket is, [`Reach`] which addresses a connection may go to.
//!
//! **Architecture invariant:** nothing here knows tenants, routes or SQL. Secrets and signatures are in no error, log
//! or `Debug`; keys of objects may be.

mod client;
mod declared;
mod error;
mod folder;
mod key;
mod presigned;
mod probe;
mod reach;
mod remains;
mod s3;
mod settings;
mod store;
mod stores;

pub use client::Client;
pub use declared::{Declared, Shown};
pub use error::{Error, Refusal};
pub use key::{Key, Prefix};
pub use presigned::Presigned;
pub use reach::Reach;
pub use remains::{Remains, UploadId};
pub use settings::{Addressing, S3, SettingsError};
pub use store::{Head, Object, Part, Store, Stored};
pub use stores::Stores;
