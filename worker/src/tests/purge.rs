//! Purges on a real Postgres and a real S3 provider.

mod aftermath;
mod chaos;
mod connected;
mod land;
mod trouble;
