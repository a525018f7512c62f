//! Mails, from what they say to the server that takes them.

mod folder;
mod hostile;
mod letters;
mod logged;
mod message;
mod smtp;
mod support;
mod tls;
