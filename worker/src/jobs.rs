//! How each kind of job is done.

mod erase_document;
mod forgotten_password;
mod rotate_signing_key;
mod run_purge;
mod send_mail;
mod sweep_purges;
mod sweep_trials;
mod sweep_uploads;
mod trim_idempotency_keys;
mod trim_jobs;
mod trim_sessions;
mod trim_usage;
