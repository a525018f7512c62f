//! Exit codes. 0 is success, 2 a wrong command line.

/// What was asked for was done, and the answer is no: tests failed, policies are broken, lines were refused.
pub(crate) const FAILED: u8 = 1;

/// The process could not do what was asked for: a part is missing, or cannot be reached.
pub(crate) const BROKEN: u8 = 3;

/// The configuration cannot be used.
pub(crate) const MISCONFIGURED: u8 = 4;
