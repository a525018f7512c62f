//! How hints of due jobs travel to those who do them.

pub(crate) mod redis;
