//! Purges as the store sees them: no table is forgotten, and the audit log holds.

mod forgotten;
mod invited;
mod memory;
mod schema;
