//! How each kind of job is done.

mod send_mail;
mod sweep_trials;
mod trim_jobs;
